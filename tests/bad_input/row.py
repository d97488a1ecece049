"""One message that a client may send, and what must become of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.raw_publisher import RawProperties, short

CREATED = "inventory.car-created.v1"

MISSING = object()
"""Given as a field, leaves it out."""

GOOD = {
    "car_id": "CAR-ID",
    "make": "Nissan",
    "model": "Versa",
    "year": 2020,
    "price_mxn": "180000.00",
    "occurred_at": "2026-02-01T03:59:58-06:00",
}


def car(**changes: object) -> dict[str, Any]:
    """The data of a creation that is right but for what is given."""
    return {name: value for name, value in {**GOOD, **changes}.items() if value is not MISSING}


def text_of_car(**texts: str) -> bytes:
    """As `car`, with JSON that no library would write."""
    text = json.dumps(car(**dict.fromkeys(texts, "@")))
    for name, value in texts.items():
        text = text.replace(f'"{name}": "@"', f'"{name}": {value}')
    return text.encode()


@dataclass(frozen=True)
class Message:
    """What goes onto the wire."""

    body: bytes
    properties: RawProperties
    routing_key: bytes


@dataclass(frozen=True)
class Row:
    """`code` is that of the dead letter, None for what is applied.

    `CAR-ID` in the body, and what tells the message from others, is filled in with the name
    of the row; a property that is None is left out.
    """

    code: str | None
    body: bytes | dict[str, Any] = field(default_factory=car)
    properties: Mapping[str, bytes | None] = field(default_factory=dict)
    routing_key: bytes = CREATED.encode()

    def message(self, name: str) -> Message:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        properties = {
            "content_type": short(b"application/json"),
            "delivery_mode": b"\x02",
            "correlation_id": short(name.encode()),
            "message_id": short(name.encode()),
            "type": short(CREATED.encode()),
            **self.properties,
        }
        present = {name: value for name, value in properties.items() if value is not None}
        return Message(body.replace(b"CAR-ID", name.encode()), present, self.routing_key)


Rows = dict[str, Row]
