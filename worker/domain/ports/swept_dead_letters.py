from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from worker.domain.ports.dead_letter_records import DeadLetterRecord


@dataclass(frozen=True, slots=True)
class ExpectedLetters:
    """How many letters the queue must hold by the records, at least and at most, and when.

    The difference are those that were recorded a moment ago: they may be on their way.
    """

    least: int
    most: int
    at: datetime


class SweptDeadLetters(Protocol):
    """The records, as a sweep compares them with the queue."""

    async def expected(self) -> ExpectedLetters:
        """What the queue must hold."""
        ...

    async def unknown(self, keys: Collection[bytes]) -> set[bytes]:
        """Those of the keys that have no record."""
        ...

    async def add(self, records: Collection[DeadLetterRecord]) -> None:
        """Records letters that were found in the queue."""
        ...

    async def found(self, copies: Mapping[bytes, int], since: datetime) -> None:
        """These letters are in the queue; records that say otherwise since then are left alone."""
        ...

    async def keep_only(self, keys: Collection[bytes], since: datetime) -> int:
        """All other letters have left the queue; returns how many have vanished."""
        ...

    async def compared(self, at: datetime) -> None:
        """The records were those of the queue at this time, or are by now."""
        ...
