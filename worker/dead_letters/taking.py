"""Takes dead letters from the queue, and from their rows what the queue no longer holds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, suppress

from worker.dead_letters.session import DeadLetterSession
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.errors import QueueMissingError
from worker.infra.messaging.dead_letters.rate_limit import RateLimit
from worker.infra.messaging.dead_letters.records import to_letter
from worker.infra.messaging.dead_letters.selected_keys import SelectedKeys
from worker.infra.messaging.dead_letters.selective_drain import Handle, SelectiveDrain


async def tell_nobody() -> None:
    """Nobody asks what is done now."""


class Taking:
    """Passes letters to a handler that settles their rows; `stop` ends it between two batches.

    `on_look` is called before each pass over the queue.
    """

    def __init__(
        self,
        session: DeadLetterSession,
        rate_limit: RateLimit,
        stop: asyncio.Event,
        on_look: Callable[[], Awaitable[None]] = tell_nobody,
    ) -> None:
        self._session = session
        self._on_look = on_look
        self._records = PostgresDeadLetters(session.sessions)
        self._rate_limit = rate_limit
        self._stop = stop
        self._drain = SelectiveDrain(
            session.rabbitmq_url, self._turn, rate_limit, stop, session.durations
        )

    async def run(
        self, keys: Sequence[bytes], handle: Handle, vanished: Collection[bytes] = ()
    ) -> None:
        """Handles the letters of these keys; those in `vanished` are not looked for in the queue.

        A letter that is not found there has vanished since its row was read.
        """
        selected = SelectedKeys(key for key in keys if key not in vanished)
        with suppress(QueueMissingError):
            await self._drain.run(selected, handle)
        if self._stop.is_set():
            return
        if selected.left:
            await self._records.note_vanished(selected.left)
        await self._take_rows([*selected.left, *(key for key in keys if key in vanished)], handle)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        await self._on_look()
        async with self._session.turn():
            yield

    async def _take_rows(self, keys: Sequence[bytes], handle: Handle) -> None:
        for some in self._batches(keys):
            with suppress(TimeoutError):
                async with asyncio.timeout(self._rate_limit.delay()):
                    await self._stop.wait()
            if self._stop.is_set():
                return
            if stored := await self._records.read(some):
                await handle([to_letter(letter.record) for letter in stored], acknowledge_nothing)
                self._rate_limit.spend(len(stored))

    def _batches(self, keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
        size = self._rate_limit.batch_size
        for start in range(0, len(keys), size):
            yield keys[start : start + size]


async def acknowledge_nothing(_: Sequence[DeadLetter]) -> None:
    """These are in no queue."""
