from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from worker.application.batch import Content
from worker.application.commands import CommandMessage
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.consuming.next_copy import NextCopy


@dataclass(slots=True, eq=False)
class Received:
    """A delivery with its decoded command, or the failure to decode it.

    `next_copy` is set once the message has failed: its record and its letter are of one copy.
    """

    delivery: Delivery
    content: Content
    next_copy: NextCopy | None = None

    @property
    def car_id(self) -> str | None:
        """The id of the message's car, if it could be decoded."""
        content = self.content
        return content.command.car_id if isinstance(content, CommandMessage) else None

    @property
    def type(self) -> str:
        """The type for metrics: only known types, so that publishers cannot add labels."""
        return self.content.type if isinstance(self.content, CommandMessage) else "invalid"


def oldest_occurrence(batch: Iterable[Received]) -> datetime | None:
    """The time of the oldest event in the batch."""
    commands = (item.content for item in batch if isinstance(item.content, CommandMessage))
    return min((message.command.occurred_at for message in commands), default=None)


def oldest_publication(batch: Iterable[Received]) -> datetime | None:
    """The earliest `timestamp` in the batch, set by publishers' clocks."""
    timestamps = (item.delivery.message.properties.timestamp for item in batch)
    return min((sent for sent in timestamps if isinstance(sent, datetime)), default=None)
