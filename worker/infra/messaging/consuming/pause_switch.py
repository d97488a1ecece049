import asyncio
from collections.abc import Awaitable, Callable

import structlog

from worker.domain.ports.unit_of_work import StatementRefusedError, StoreUnavailableError
from worker.infra.durations import Durations
from worker.infra.fleet import Pause
from worker.infra.repeat_limited_log import RepeatLimitedLog

_log = structlog.get_logger(__name__)


class PauseSwitch:
    """Whether operators paused this worker, as the database last told.

    A database that is away changes nothing.
    """

    def __init__(self, ask: Callable[[], Awaitable[Pause | None]], durations: Durations) -> None:
        self._ask = ask
        self._durations = durations
        self._asking = asyncio.Lock()  # else an older answer might overwrite a newer one
        self._paused = asyncio.Event()
        self._resumed = asyncio.Event()
        self._trouble = RepeatLimitedLog(_log, durations.log_repeat)
        self.pause: Pause | None = None

    async def ask(self) -> Pause | None:
        """The pause in force.

        Raises:
            StoreUnavailableError: the database did not tell.
        """
        seconds = self._durations.pause_answer
        try:
            async with asyncio.timeout(seconds), self._asking:
                self.pause = await self._ask()
        except TimeoutError:
            raise StoreUnavailableError(f"PostgreSQL has not answered for {seconds:g} s") from None
        except StatementRefusedError as refused:
            raise StoreUnavailableError(str(refused)) from refused
        (self._paused if self.pause else self._resumed).set()
        (self._resumed if self.pause else self._paused).clear()
        return self.pause

    async def run(self) -> None:
        """Asks again and again."""
        while True:
            try:
                await self.ask()
                self._trouble.over()
            except StoreUnavailableError as unavailable:
                self._trouble.warn("cannot ask whether to pause", str(unavailable))
            await asyncio.sleep(self._durations.pause_every)

    async def wait_paused(self) -> None:
        """Returns once a pause is in force."""
        await self._paused.wait()

    async def wait_resumed(self) -> None:
        """Returns once none is."""
        await self._resumed.wait()
