"""Waits until replayed messages have come to an end, good or bad."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.browsing import Visit
from worker.infra.messaging.dead_letters.dead_letter import read_dead_letter

ASK_AGAIN_SECONDS = 0.25
ASKED_AT_ONCE = 1_000

FindRecorded = Callable[[Collection[MessageIdentity]], Awaitable[Mapping[MessageIdentity, bytes]]]


@dataclass(frozen=True, slots=True)
class Sent:
    """A replayed message; `digest` of its command is None if it holds none."""

    handle: str
    identity: MessageIdentity | None
    digest: bytes | None
    content_key: bytes
    replays: int


@dataclass(slots=True)
class Ends:
    """How messages ended: those that did not are in none of the lists."""

    recorded: list[Sent] = field(default_factory=list)
    dead_again: list[tuple[Sent, str]] = field(default_factory=list)
    """With the code."""
    unknown: list[Sent] = field(default_factory=list)


class OutcomeWatch:
    """Asks the database for recorded ids, and looks at the dead letters where they grew.

    `patience` is how many seconds may pass without any news.
    """

    def __init__(
        self,
        find_recorded: FindRecorded,
        count_dead: Callable[[], Awaitable[int]],
        look: Callable[[Visit], Awaitable[int]],
        patience: float,
        stop: asyncio.Event,
    ) -> None:
        self._find_recorded = find_recorded
        self._count_dead = count_dead
        self._look = look
        self._patience = patience
        self._stop = stop

    async def wait(self, sent: Iterable[Sent], dead: int) -> Ends:
        """Returns when each has an end, or no news comes; `dead` is how many lay there before."""
        ends, waiting = Ends(), {item.content_key: item for item in sent}
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        while waiting and loop.time() < until and not self._stop.is_set():
            before = len(waiting)
            await self._find_good(waiting, ends)
            if waiting and await self._count_dead() > dead:
                dead = await self._find_bad(waiting, ends)
            if len(waiting) < before:
                until = loop.time() + self._patience
            elif waiting:
                await self._pause()
        ends.unknown.extend(waiting.values())
        return ends

    async def _find_good(self, waiting: dict[bytes, Sent], ends: Ends) -> None:
        asked = [item for item in islice(waiting.values(), ASKED_AT_ONCE) if item.digest]
        recorded = await self._find_recorded([i.identity for i in asked if i.identity is not None])
        for item in asked:
            del waiting[item.content_key]
            if item.identity is not None and recorded.get(item.identity) == item.digest:
                ends.recorded.append(item)
            else:
                waiting[item.content_key] = item  # behind those that were not asked for yet

    async def _find_bad(self, waiting: dict[bytes, Sent], ends: Ends) -> int:
        def look(message: Message) -> None:
            letter = read_dead_letter(message)
            item = waiting.get(letter.content_key)
            if item is not None and letter.history.replays >= item.replays:
                ends.dead_again.append((waiting.pop(letter.content_key), letter.code))

        return await self._look(look)

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(ASK_AGAIN_SECONDS):
                await self._stop.wait()
