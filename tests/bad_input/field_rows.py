"""Events with one field that breaks its rule."""

from datetime import UTC, datetime

from tests.bad_input.row import GOOD, MISSING, Row, Rows, car, text_of_car

_NEXT_YEAR_BUT_ONE = datetime.now(UTC).year + 2

_WRONG: dict[str, dict[str, object]] = {
    "car_id": {
        "number": 17,
        "object": {"id": "MX-1"},
        "empty": "",
        "65-characters": "x" * 65,
        "blank": "MX 1",
        "slash": "MX/1",
        "accent": "MÉ-1",
        "line-break": "MX-1\n",
    },
    "make": {
        "number": 1,
        "true": True,
        "array": ["Nissan"],
        "empty": "",
        "blank": "   ",
        "81-characters": "x" * 81,
        "null-character": "a\x00b",
        "lone-surrogate": "\ud800",
        "escape-sequence": "\x1b[2J",
        "delete-character": "a\x7f",
        "c1-control-character": "a\x85b",
    },
    "model": {"number": 208, "empty": "", "81-characters": "x" * 81, "null-character": "\x00"},
    "year": {
        "text": "2020",
        "true": True,
        "fraction": 2020.5,
        "object": {},
        "before-cars": 1885,
        "after-next": _NEXT_YEAR_BUT_ONE,
        "negative": -2020,
        "zero": 0,
        "too-long": 20200,
    },
    "price_mxn": {
        "true": True,
        "array": [1],
        "empty": "",
        "spaces": " 180000.00 ",
        "plus": "+1.00",
        "minus": "-1.00",
        "negative-number": -1,
        "zero": "0",
        "zero-with-decimals": "0.00",
        "zero-number": 0,
        "three-decimals": "1.005",
        "11-integer-digits": "12345678901",
        "11-integer-digits-number": 12345678901,
        "exponent": "1e5",
        "underscore": "1_000",
        "thousands-separator": "180,000.00",
        "decimal-comma": "1,50",
        "no-integer-digit": ".50",
        "no-decimal": "1.",
        "full-width-digits": "１２３",
        "arabic-digits": "١٢٣",
        "nan": "NaN",
        "infinity": "Infinity",
        "currency": "MXN 100.00",
        "hexadecimal": "0x10",
    },
    "occurred_at": {
        "number": 1_769_939_998,
        "true": True,
        "empty": "",
        "naive": "2026-02-01T03:59:58",
        "date-only": "2026-02-01",
        "impossible-day": "2026-02-30T03:59:58Z",
        "impossible-hour": "2026-02-01T24:00:00Z",
        "leap-second": "2026-02-01T23:59:60Z",
        "blank-between": "2026-02-01 03:59:58Z",
        "week-date": "2026-W05-7T03:59:58Z",
        "basic-date": "20260201T035958Z",
        "nanoseconds": "2026-02-01T03:59:58.123456789Z",
        "offset-of-seconds": "2026-02-01T03:59:58+05:30:15",
        "offset-of-a-day": "2026-02-01T03:59:58+24:00",
        "zone-name": "2026-02-01T03:59:58 America/Mexico_City",
        "full-width-digits": "２０２６-02-01T03:59:58Z",
        "1899": "1899-12-31T23:59:59Z",
        "year-one-ahead-of-utc": "0001-01-01T00:00:00+05:00",
        "year-zero": "0000-01-01T00:00:00Z",
    },
}

_AS_TEXT = {
    "make-nested-900-deep": text_of_car(make="[" * 900 + "]" * 900),
    "price_mxn-exponent-number": text_of_car(price_mxn="1e5"),
    "price_mxn-huge-exponent": text_of_car(price_mxn="1e999999999"),
    "price_mxn-three-decimals-number": text_of_car(price_mxn="1.005"),
    "price_mxn-10000-digits": text_of_car(price_mxn="9" * 10_000),
    "price_mxn-10000-decimals": text_of_car(price_mxn="1." + "0" * 10_000),
    "year-10000-digits": text_of_car(year="9" * 10_000),
    "year-exponent": text_of_car(year="2.02e3"),
    "year-negative-zero": text_of_car(year="-0"),
}

_FAR_FUTURE = {
    "occurred_at-far-future": "2090-02-01T03:59:58Z",
    "occurred_at-end-of-time": "9999-12-31T23:59:59.999999Z",
    "occurred_at-end-of-time-behind-utc": "9999-12-31T23:59:59-05:00",
}

FIELD_ROWS: Rows = {
    **{f"{name}-missing": Row("invalid-event", car(**{name: MISSING})) for name in GOOD},
    **{f"{name}-null": Row("invalid-event", car(**{name: None})) for name in GOOD},
    **{
        f"{name}-{how}": Row("invalid-event", car(**{name: value}))
        for name, values in _WRONG.items()
        for how, value in values.items()
    },
    **{name: Row("invalid-event", body) for name, body in _AS_TEXT.items()},
    **{name: Row("occurred-in-future", car(occurred_at=at)) for name, at in _FAR_FUTURE.items()},
    "all-fields-wrong": Row("invalid-event", dict.fromkeys(GOOD, -1)),
    "far-future-and-no-make": Row(
        "invalid-event", car(occurred_at="2090-01-01T00:00:00Z", make="")
    ),
}
