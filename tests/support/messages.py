"""Messages without a broker, as they would arrive on the wire."""

from datetime import UTC, datetime

from pamqp.commands import Basic

from tests.support.histories import Event
from worker.application.commands import CommandMessage
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.events.decoding import Decoder


class NoSubscription:
    """A subscription that must not be asked to settle anything."""

    is_lost = False

    async def acknowledge(self, tags: list[int]) -> None:
        raise AssertionError(f"nobody should acknowledge {tags}")

    async def give_back(self, tag: int) -> None:
        raise AssertionError(f"nobody should give back {tag}")

    async def reject(self, tag: int) -> None:
        raise AssertionError(f"nobody should reject {tag}")

    def give_up(self, reason: str) -> None:
        raise AssertionError(f"nobody should give up: {reason}")


def clock() -> datetime:
    return datetime(2026, 11, 22, 12, tzinfo=UTC)


def message_with(
    body: bytes,
    properties: Basic.Properties,
    exchange: str = "inventory.events",
    routing_key: str = "",
) -> Message:
    """A message as in a queue."""
    return Message(body, properties, exchange, routing_key)


def message_of(event: Event) -> CommandMessage:
    """The event, published and decoded."""
    properties = Basic.Properties(
        message_id=event.message_id, message_type=event.type, app_id=event.source or None
    )
    return Decoder(clock).decode(message_with(event.body, properties))
