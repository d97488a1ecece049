"""The last values inside each rule, and the first outside."""

from typing import NamedTuple


class Edge(NamedTuple):
    inside: tuple[object, ...]
    outside: tuple[object, ...]


_ID = Edge(("a", "Aa0._:-", "x" * 64), ("", "x" * 65, "a b", "é", "a/b", "a\n", 1, None))
_NAME = Edge(
    ("x", "x" * 80, "Mégane R.S.", f"{' ' * 90}{'x' * 80}\t", "𝔛" * 80),
    ("", " \t", "x" * 81, "a\x00b", "a\nb", "a\x7fb", "a\x85b", "a\ud800", 1, None),
)
_POSITIVE = ("0.01", 0.01, "1.5", 1.25, "0000000001")
_LARGEST = ("9999999999.99", 9999999999.99)
_NOTHING = ("0", "0.00", "0000000000.00", 0)
_NO_AMOUNT = (
    *("-1", -1, "10000000000", 10_000_000_000, "1.001", "1.", ".5", "1e3", "+1", " 1", "1\n", ""),
    *(True, None),
)
_PRICE = Edge((*_POSITIVE, *_LARGEST), (*_NO_AMOUNT, *_NOTHING))
_PAYMENT = Edge(_POSITIVE, (*_NO_AMOUNT, *_NOTHING))  # the largest would make a larger total
_DOWN_PAYMENT = Edge((*_POSITIVE, *_NOTHING), _NO_AMOUNT)

EDGES = {
    "car_id": _ID,
    "plan_id": _ID,
    "make": _NAME,
    "model": _NAME,
    "year": Edge((1886, 2026), (1885, 2100, 20, 20260, 2020.5, "2020", True, None)),
    "price_mxn": _PRICE,
    "down_payment_mxn": _DOWN_PAYMENT,
    "monthly_payment_mxn": _PAYMENT,
    "annual_rate": Edge(
        ("0", "9.9999", "0.1", "0.1499"),
        ("10", "10.0000", "0.14999", "-0.1", "1.", ".1", "14.99%", "", 0, 0.1499, None),
    ),
    "reason": Edge(("sold", "removed", "error"), ("", "Sold", "sold ", "stolen", 1, None)),
    "term_months": Edge((1, 120), (0, 121, -1, 1.5, "12", True, None)),
    "occurred_at": Edge(
        (
            *("1900-01-01T00:00:00Z", "2026-02-28t23:59:59.999999z", "2026-03-01T10:00:00.5+23:59"),
            *("2024-02-29T00:00:00-23:59", "2026-11-22T12:05:00Z"),
        ),
        (
            *("1899-12-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z"),
            *("2026-01-32T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z"),
            *("2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.1234567Z"),
            *("2026-01-01T00:00:00", "2026-01-01", "2026-01-01 00:00:00Z", "20260101T000000Z"),
            *("2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+05", "2100-01-01T00:00:00Z"),
            *("2026-01-01T00:00Z", "2026-W01-1T00:00:00Z", "2026-01-01T00:00:00Z\n", "", 1, None),
        ),
    ),
}
"""By field; the clock is that of `tests.support.messages`."""
