from dataclasses import dataclass
from typing import Protocol

from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from worker.infra.messaging.amqp.message import Message


class SettlesDeliveries(Protocol):
    """The subscription of a delivery, which is the only one that can settle it."""

    @property
    def is_lost(self) -> bool:
        """True once nothing can be settled any more; the broker redelivers."""
        ...

    async def acknowledge(self, tags: list[int]) -> None:
        """Acknowledges deliveries; does nothing once lost."""
        ...

    async def give_back(self, tag: int) -> None:
        """Requeues a delivery."""
        ...

    async def reject(self, tag: int) -> None:
        """Rejects a delivery, so that the broker dead-letters it."""
        ...

    def give_up(self, reason: str) -> None:
        """Ends the subscription: unsettled deliveries go back to the queue."""
        ...


@dataclass(slots=True, eq=False)
class Delivery:
    """A delivered message that its subscription must settle."""

    message: Message
    tag: int
    subscription: SettlesDeliveries
    redelivered: bool = False


def read_message(delivered: DeliveredMessage) -> Message:
    """The message of aiormq's delivery."""
    deliver = delivered.delivery
    assert isinstance(deliver, Basic.Deliver)
    return Message(
        delivered.body,
        delivered.header.properties,
        deliver.exchange or "",
        deliver.routing_key or "",
    )
