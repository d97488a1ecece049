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
        self._asked = asyncio.Event()
        self._paused = asyncio.Event()
        self._changed = asyncio.Event()
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
                pause = await self._ask()
        except TimeoutError:
            raise StoreUnavailableError(f"PostgreSQL has not answered for {seconds:g} s") from None
        except StatementRefusedError as refused:
            raise StoreUnavailableError(str(refused)) from refused
        self._note(pause)
        return pause

    async def run(self) -> None:
        """Asks again and again, once `ask` had an answer."""
        await self._asked.wait()
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

    async def wait_other(self, pause: Pause) -> None:
        """Returns once none is in force, or another one than this."""
        while self.pause == pause:
            self._changed.clear()
            await self._changed.wait()

    def _note(self, pause: Pause | None) -> None:
        self.pause = pause
        if pause is None:
            self._paused.clear()
        else:
            self._paused.set()
        self._asked.set()
        self._changed.set()
