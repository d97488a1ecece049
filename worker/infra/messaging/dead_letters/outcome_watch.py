"""Waits for the outcomes of replayed messages, good or bad."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter

from worker.domain.value_objects.message_identity import MessageIdentity

ASKED_AT_ONCE = 1_000

FindRecorded = Callable[[Collection[MessageIdentity]], Awaitable[Mapping[MessageIdentity, bytes]]]
FindDead = Callable[[Mapping[bytes, int]], Awaitable[Mapping[bytes, str]]]
"""The error codes of contents that are dead after so many replays."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A replayed message; `digest` of its command is None if it holds none."""

    handle: str
    identity: MessageIdentity | None
    digest: bytes | None
    content_key: bytes
    replays: int


@dataclass(slots=True)
class ReplayOutcomes:
    """How replayed messages ended."""

    recorded: list[Sent] = field(default_factory=list)
    dead_again: list[tuple[Sent, str]] = field(default_factory=list)
    """With the error code."""
    unknown: list[Sent] = field(default_factory=list)
    """Without an outcome when the waiting ended."""


class OutcomeWatch:
    """Looks up recorded ids, and records of dead letters.

    `patience` is how many seconds may pass without a new outcome, `poll` those between two queries.
    """

    def __init__(
        self,
        find_recorded: FindRecorded,
        find_dead: FindDead,
        *,
        patience: float,
        poll: float,
        stop: asyncio.Event,
    ) -> None:
        self._find_recorded = find_recorded
        self._find_dead = find_dead
        self._patience = patience
        self._poll = poll
        self._stop = stop

    async def wait(self, sent: Iterable[Sent]) -> ReplayOutcomes:
        """Returns when each has an outcome, or none comes any more.

        Of several with the same content the one that was replayed least stands for all.
        """
        by_replays = sorted(sent, key=attrgetter("replays"), reverse=True)
        outcomes, waiting = ReplayOutcomes(), {item.content_key: item for item in by_replays}
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        while waiting and loop.time() < until and not self._stop.is_set():
            before = len(waiting)
            await self._find_good(waiting, outcomes)
            if waiting:
                await self._find_bad(waiting, outcomes)
            if len(waiting) < before:
                until = loop.time() + self._patience
            elif waiting:
                await self._pause()
        outcomes.unknown.extend(waiting.values())
        return outcomes

    async def _find_good(self, waiting: dict[bytes, Sent], outcomes: ReplayOutcomes) -> None:
        asked = [item for item in islice(waiting.values(), ASKED_AT_ONCE) if item.digest]
        recorded = await self._find_recorded([i.identity for i in asked if i.identity is not None])
        for item in asked:
            del waiting[item.content_key]
            if item.identity is not None and recorded.get(item.identity) == item.digest:
                outcomes.recorded.append(item)
            else:
                waiting[item.content_key] = item  # behind those that were not asked for yet

    async def _find_bad(self, waiting: dict[bytes, Sent], outcomes: ReplayOutcomes) -> None:
        asked = {item.content_key: item.replays for item in islice(waiting.values(), ASKED_AT_ONCE)}
        for key, code in (await self._find_dead(asked)).items():
            outcomes.dead_again.append((waiting.pop(key), code))

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._poll):
                await self._stop.wait()
