"""Bodies that are no JSON, and JSON that is no event."""

import json

from tests.bad_input.row import Row, Rows, car, text_of_car

_MALFORMED = {
    "empty-body": b"",
    "blank-body": b" \n",
    "not-json": b"car created",
    "half-a-document": b'{"car_id": "CAR-ID"',
    "two-documents": text_of_car() + text_of_car(),
    "single-quotes": text_of_car().replace(b'"', b"'"),
    "comment": b"// a car\n" + text_of_car(),
    "trailing-comma": b'{"car_id": "CAR-ID",}',
    "invalid-utf-8": text_of_car(make='"\xff"').replace("\xff".encode(), b"\xff"),
    "latin-1": text_of_car(make='"Citroën"').decode().encode("latin-1"),
    "utf-16": text_of_car().decode().encode("utf-16"),
    "byte-order-mark": b"\xef\xbb\xbf" + text_of_car(),
    "null-byte-in-text": text_of_car(make='"a\x00b"'),
    "line-break-in-text": text_of_car(make='"a\nb"'),
    "nan": text_of_car(price_mxn="NaN"),
    "infinity": text_of_car(price_mxn="Infinity"),
    "minus-infinity": text_of_car(price_mxn="-Infinity"),
    "plus-sign": text_of_car(price_mxn="+1"),
    "leading-zero": text_of_car(price_mxn="01.00"),
    "underscore-in-number": text_of_car(price_mxn="1_000"),
    "hexadecimal-number": text_of_car(year="0x7e4"),
    "full-width-digits-in-number": text_of_car(price_mxn="１２３"),
    "nested-100000-deep": b"[" * 100_000 + b"]" * 100_000,
    "field-nested-100000-deep": text_of_car(make="[" * 100_000 + "]" * 100_000),
    "unknown-field-nested-100000-deep": text_of_car(extra="[" * 100_000 + "]" * 100_000),
}

_NO_OBJECT = {
    "array": b"[1, 2]",
    "array-of-events": b"[" + text_of_car() + b"]",
    "string": b'"car"',
    "event-as-string": json.dumps(text_of_car().decode()).encode(),
    "number": b"17",
    "true": b"true",
    "null": b"null",
    "empty-object": b"{}",
    "event-in-an-envelope": json.dumps({"data": car()}).encode(),
}

JSON_ROWS: Rows = {
    **{name: Row("malformed-json", body) for name, body in _MALFORMED.items()},
    **{name: Row("invalid-event", body) for name, body in _NO_OBJECT.items()},
}
