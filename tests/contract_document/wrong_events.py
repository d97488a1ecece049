"""Events as publishers get them wrong, and what `validate` must say about each."""

import json
from typing import Any, NamedTuple

CREATED = "inventory.car-created.v1"
CHANGED = "inventory.price-changed.v1"

GOOD_DATA = {
    "car_id": "MX-1",
    "make": "Nissan",
    "model": "Versa",
    "year": 2020,
    "price_mxn": "180000.00",
    "occurred_at": "2026-02-01T03:59:58-06:00",
}
MISSING = object()

_PRICE = "a decimal greater than 0, at most 9999999999.99, with at most 2 decimals"
_NAME = "1 to 80 characters after trimming, no control characters"
_DATE = "an RFC 3339 date-time with an offset and at most microseconds, from the year 1900"
_CAR_ID = "1 to 64 characters of A-Z a-z 0-9 . _ : -"
_ID = "at most 255 bytes of UTF-8 without control characters"


class WrongEvent(NamedTuple):
    line: str
    field: str
    says: str


def event(message_id: object = "id-1", type_: object = CREATED, **data: object) -> str:
    """A line that is right but for what is given; `MISSING` leaves a field out."""
    fields = {name: value for name, value in (GOOD_DATA | data).items() if value is not MISSING}
    return _line({"type": type_, "message_id": message_id, "source": "/dealer", "data": fields})


def _line(members: dict[str, Any]) -> str:
    return json.dumps(
        {name: value for name, value in members.items() if value is not MISSING},
        ensure_ascii=False,
    )


def _raw(**texts: str) -> str:
    """A line with fields whose text `json.dumps` would not write."""
    line = event(**dict.fromkeys(texts, "@"))
    for name, text in texts.items():
        line = line.replace(f'"{name}": "@"', f'"{name}": {text}')
    return line


WRONG_EVENTS = {
    "no JSON": WrongEvent('{"type": ', "line", "one JSON object"),
    "an array": WrongEvent("[1, 2]", "line", "a JSON object with type, message_id and data"),
    "NaN": WrongEvent(_raw(price_mxn="NaN"), "line", "NaN is not JSON"),
    "no type": WrongEvent(event(type_=MISSING), "type", "required are type, message_id, data"),
    "a number as type": WrongEvent(event(type_=1), "type", "a string"),
    "a misspelt type": WrongEvent(event(type_="inventory.car-create.v1"), "type", CREATED),
    "no message id": WrongEvent(event(message_id=MISSING), "message_id", "is set"),
    "an empty message id": WrongEvent(event(message_id=""), "message_id", "is set"),
    "a number as message id": WrongEvent(event(message_id=17), "message_id", "a string"),
    "a long message id": WrongEvent(event(message_id="x" * 256), "message id", _ID),
    "a line break in an id": WrongEvent(event(message_id="a\nb"), "message id", _ID),
    "a line break in the source": WrongEvent(
        _line({"type": CHANGED, "message_id": "a", "source": "a\nb", "data": {}}),
        "source",
        _ID,
    ),
    "no data": WrongEvent(
        _line({"type": CHANGED, "message_id": "a"}), "data", "required are type, message_id, data"
    ),
    "data as text": WrongEvent(
        _line({"type": CHANGED, "message_id": "a", "data": "{}"}), "data", "a JSON object"
    ),
    "no car id": WrongEvent(event(car_id=MISSING), "car_id", "required are car_id, make, model"),
    "a blank in a car id": WrongEvent(event(car_id="MX 1"), "car_id", _CAR_ID),
    "a number as car id": WrongEvent(event(car_id=1), "car_id", "a string"),
    "a blank make": WrongEvent(event(make="   "), "make", _NAME),
    "a null make": WrongEvent(event(make=None), "make", "a string"),
    "a long model": WrongEvent(event(model="x" * 81), "model", _NAME),
    "a null character in a model": WrongEvent(event(model="Ver\x00sa"), "model", _NAME),
    "a lone surrogate in a make": WrongEvent(_raw(make='"\\ud800"'), "make", _NAME),
    "a year as text": WrongEvent(event(year="2020"), "year", "a JSON number"),
    "a year before cars": WrongEvent(event(year=1885), "year", "an integer from 1886"),
    "true as year": WrongEvent(event(year=True), "year", "a JSON number"),
    "three decimals": WrongEvent(event(price_mxn="1.005"), "price_mxn", _PRICE),
    "a thousands separator": WrongEvent(event(price_mxn="180,000.00"), "price_mxn", _PRICE),
    "a price with exponent": WrongEvent(_raw(price_mxn="1.8e5"), "price_mxn", _PRICE),
    "a price of nothing": WrongEvent(event(price_mxn="0.00"), "price_mxn", _PRICE),
    "a price beyond the column": WrongEvent(event(price_mxn="10000000000"), "price_mxn", _PRICE),
    "a date without time": WrongEvent(event(occurred_at="2026-02-01"), "occurred_at", _DATE),
    "a time without offset": WrongEvent(
        event(occurred_at="2026-02-01T03:59:58"), "occurred_at", _DATE
    ),
    "30 February": WrongEvent(event(occurred_at="2026-02-30T03:59:58Z"), "occurred_at", _DATE),
    "nanoseconds": WrongEvent(
        event(occurred_at="2026-02-01T03:59:58.123456789Z"), "occurred_at", _DATE
    ),
    "seconds since 1970": WrongEvent(event(occurred_at=1769939998), "occurred_at", "a string"),
    "a far future": WrongEvent(
        event(occurred_at="2090-02-01T03:59:58Z"), "occurred_at", "at most 5 minutes after"
    ),
    "300 KiB": WrongEvent(event(note="x" * 300 * 1024), "body", "allowed are 262144"),
}
