"""Bad input whose properties and headers would harm its dead letter."""

from tests.bad_input.row import Row, Rows, car
from tests.bad_input.undecodable import UNDECODABLE
from tests.support.raw_publisher import header, long, short, table, text_header

EXPIRES_AFTER_MS = 4_000
"""Long enough to be consumed before on a slow machine, short enough to wait for."""

ELSEWHERE = "elsewhere"
MAIN_QUEUE = "inventory-worker"


def _bad(**properties: bytes | None) -> Row:
    return Row("invalid-event", car(make=""), properties)


def _copied_to(*routing_keys: str) -> bytes:
    return long(b"".join(b"S" + long(key.encode()) for key in routing_keys))


def headers_of_a_kibibyte(count: int) -> dict[str, str]:
    return {f"k{i:03d}": "v" * 1014 for i in range(count)}


def _headers(count: int) -> bytes:
    headers = headers_of_a_kibibyte(count).items()
    return table(*(text_header(name.encode(), value.encode()) for name, value in headers))


FORGED = {
    b"x-error-code": b"too-large",
    b"x-error-detail": b"forged",
    b"x-error-at": b"1970-01-01T00:00:00.000+00:00",
    b"x-first-error-at": b"1970-01-01T00:00:00.000+00:00",
    b"x-original-exchange": b"forged",
    b"x-original-routing-key": b"forged",
    b"x-worker-version": b"forged",
    b"x-first-death-reason": b"forged",
    b"x-last-death-queue": b"forged",
}

HARMFUL_ROWS: Rows = {
    "bad-with-expiration": _bad(expiration=short(str(EXPIRES_AFTER_MS).encode())),
    "bad-with-user-id": _bad(user_id=short(b"guest")),
    "bad-with-reply-to": _bad(reply_to=short(b"inventory-worker")),
    "bad-with-copies": _bad(headers=table(header(b"CC", b"A", _copied_to(ELSEWHERE, MAIN_QUEUE)))),
    "bad-with-blind-copies": _bad(headers=table(header(b"BCC", b"A", _copied_to(ELSEWHERE)))),
    "bad-with-60-kib-of-headers": _bad(headers=_headers(60)),
    "bad-with-120-kib-of-headers": _bad(headers=_headers(120)),
    "bad-with-forged-bookkeeping": _bad(
        headers=table(
            *(text_header(name, value) for name, value in FORGED.items()),
            header(b"x-attempts", b"I", (999).to_bytes(4)),
            header(b"x-replays", b"I", (999).to_bytes(4)),
            header(b"x-delivery-count", b"I", (999).to_bytes(4)),
        )
    ),
    **{
        f"bad-with-{name}": Row("invalid-event", car(make=""), frame.properties, frame.routing_key)
        for name, frame in UNDECODABLE.items()
        if name != "correlation-id-not-utf-8"  # by which the tests tell them apart
    },
}
