from dataclasses import dataclass
from typing import Protocol, Self

from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from worker.infra.messaging.amqp.message import Message


class SettlesDeliveries(Protocol):
    """The subscription that delivered, and that alone can settle."""

    @property
    def is_lost(self) -> bool:
        """True once nothing can be settled any more; the broker delivers again."""
        ...

    async def acknowledge(self, tags: list[int]) -> None:
        """Tells the broker that these are done; does nothing once lost."""
        ...

    async def give_back(self, tag: int) -> None:
        """Returns one to the queue, to be delivered again."""
        ...

    async def reject(self, tag: int) -> None:
        """Leaves one to the broker, which dead-letters it."""
        ...

    def give_up(self, reason: str) -> None:
        """Ends the subscription: all that is not settled goes back to the queue."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """A message in our hands until its subscription has settled it."""

    message: Message
    tag: int
    subscription: SettlesDeliveries
    redelivered: bool = False

    @classmethod
    def of(cls, delivered: DeliveredMessage, subscription: SettlesDeliveries) -> Self:
        """What aiormq handed to a consumer."""
        deliver = delivered.delivery
        assert isinstance(deliver, Basic.Deliver)
        return cls(
            read_message(delivered), deliver.delivery_tag or 0, subscription, deliver.redelivered
        )


def read_message(delivered: DeliveredMessage) -> Message:
    """The message of what aiormq handed to a consumer."""
    deliver = delivered.delivery
    assert isinstance(deliver, Basic.Deliver)
    return Message(
        delivered.body,
        delivered.header.properties,
        deliver.exchange or "",
        deliver.routing_key or "",
    )
