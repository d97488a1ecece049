from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure
from worker.infra.messaging.amqp.delivery import Delivery


@dataclass(frozen=True, slots=True)
class Received:
    """A delivery, and what decoding made of it."""

    delivery: Delivery
    content: CommandMessage | Failure

    @property
    def car_id(self) -> str | None:
        """The car that the message is about, where it could be read."""
        content = self.content
        return content.command.car_id if isinstance(content, CommandMessage) else None

    @property
    def type(self) -> str:
        """The type for statistics: only types we know, or publishers could grow them at will."""
        return self.content.type if isinstance(self.content, CommandMessage) else "invalid"


def oldest_occurrence(batch: Iterable[Received]) -> datetime | None:
    """When the oldest event in the batch came about."""
    commands = (item.content for item in batch if isinstance(item.content, CommandMessage))
    return min((message.command.occurred_at for message in commands), default=None)


def oldest_publication(batch: Iterable[Received]) -> datetime | None:
    """When the first message of the batch was sent, by the clocks of publishers that say so."""
    timestamps = (item.delivery.message.properties.timestamp for item in batch)
    return min((sent for sent in timestamps if isinstance(sent, datetime)), default=None)
