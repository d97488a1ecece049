from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterRecord:
    """The record of a dead letter, with all that it takes to send the message again.

    `key` tells it from every other, `content_key` is the same for all copies of one message.
    `message_id` is None for a message without, `handle` stands in for it. Times are None where
    nobody noted them. `exchange` and `routing_key` are those of its publisher; `envelope` is JSON
    of the exchange, routing key and properties of the letter itself. `copies` counts equal letters.
    """

    key: bytes
    content_key: bytes
    handle: str
    source: str
    message_id: str | None
    type: str
    car_id: str | None
    code: str
    detail: str
    died_at: datetime | None
    first_failed_at: datetime | None
    attempts: int
    replays: int
    exchange: str
    routing_key: str
    envelope: str
    body: bytes
    copies: int = 1
    redelivered: bool = False
    """The message was delivered before, so this may be a letter that is recorded already."""


class DeadLetterRecords(Protocol):
    """The dead letters of a transaction, recorded before their copies are published."""

    async def add(self, records: Collection[DeadLetterRecord]) -> None:
        """Records dead letters; one that is recorded already is open again."""
        ...
