from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol, Self

from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic
from pamqp.common import FieldTable

SUSPECT_AFTER = 2
"""Deliveries before this one that make a message a suspect: it may have killed a worker."""


class SettlesDeliveries(Protocol):
    """The channel that delivered, and that alone can take the acknowledgement."""

    @property
    def is_lost(self) -> bool:
        """True once nothing can be acknowledged any more; the broker delivers again."""
        ...

    async def acknowledge(self, tags: list[int]) -> None:
        """Tells the broker that these are done; does nothing once lost."""
        ...

    async def give_back(self, tag: int) -> None:
        """Hands one back to the queue, to be delivered again."""
        ...

    async def reject(self, tag: int) -> None:
        """Leaves one to the broker, which dead-letters it."""
        ...

    def give_up(self, reason: str) -> None:
        """Ends the subscription: all that is not settled goes back to the queue."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """One message as the broker handed it over, and the channel that must settle it."""

    tag: int
    body: bytes
    properties: Basic.Properties
    exchange: str
    routing_key: str
    channel: SettlesDeliveries
    redelivered: bool = False

    @classmethod
    def of(cls, message: DeliveredMessage, channel: SettlesDeliveries) -> Self:
        """What aiormq handed to a consumer."""
        deliver = message.delivery
        assert isinstance(deliver, Basic.Deliver)
        return cls(
            tag=deliver.delivery_tag or 0,
            body=message.body,
            properties=message.header.properties,
            exchange=deliver.exchange or "",
            routing_key=deliver.routing_key or "",
            channel=channel,
            redelivered=deliver.redelivered,
        )

    @property
    def headers(self) -> FieldTable:
        """The headers, none if there are none."""
        return self.properties.headers or {}

    @property
    def is_suspect(self) -> bool:
        """Tells whether it was delivered so often that it may be what kills workers.

        RabbitMQ 4.0 puts no count on a first delivery: one that is there then is a publisher's.
        """
        count = self.headers.get("x-delivery-count")
        return self.redelivered and isinstance(count, int) and count >= SUSPECT_AFTER

    @property
    def fingerprint(self) -> bytes:
        """What tells this message from others, readable without decoding its body."""
        properties = self.properties
        named = (properties.app_id, properties.message_id, properties.message_type)
        digest = blake2b(repr(named).encode(), digest_size=16)
        digest.update(self.body)
        return digest.digest()
