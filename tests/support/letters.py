"""Dead letters without a broker."""

from typing import Any

from pamqp.commands import Basic

from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter, read_dead_letter

CREATED = "inventory.car-created.v1"
CHANGED = "inventory.price-changed.v1"
DIED_AT = "2026-01-31T02:50:00+00:00"


def dead_message(
    message_id: str | None = "m-1",
    *,
    body: bytes = b'{"car_id": "car-1"}',
    exchange: str = "inventory-worker",
    properties: dict[str, Any] | None = None,
    **headers: Any,
) -> Message:
    """A message as the worker dead-letters it; headers may be named with `_` for `-`."""
    told = {
        "x-error-code": "invalid-event",
        "x-error-detail": "make: is missing",
        "x-error-at": DIED_AT,
        "x-first-error-at": "2026-01-31T02:00:00+00:00",
        "x-attempts": 4,
        "x-replays": 1,
        "x-original-exchange": "inventory.events",
        "x-original-routing-key": CHANGED,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    given = {"message_type": CHANGED, "app_id": "/dealers", **(properties or {})}
    return Message(
        body,
        Basic.Properties(
            message_id=message_id,
            headers={name: value for name, value in told.items() if value is not None},
            **given,
        ),
        exchange,
        "inventory-worker.dead-letters",
    )


def dead_letter(message_id: str | None = "m-1", **told: Any) -> DeadLetter:
    return read_dead_letter(dead_message(message_id, **told))
