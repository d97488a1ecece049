"""Data made from the schemas of the contract, and data that is one slip away from it."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from dev.contract.document import event_channels, resolve
from dev.contract.schemas import event_schemas
from tests.contract_document.contract import DOCUMENT, examples_of
from tests.contract_document.from_schema import from_schema
from tests.support.messages import clock

Data = dict[str, Any]

_PLAINLY_WRITTEN = re.compile(r"[0-9]+(\.[0-9]{1,2}(?!.))?")
_DUE = ("down_payment_mxn", "monthly_payment_mxn", "term_months")


def _for_python(schema: Any) -> Any:
    """The same schema for Python's `re`, whose `$` also matches before a last line break.

    `format` goes: to some validators it is a remark, and the pattern must do without it.
    """
    if isinstance(schema, dict):
        return {
            key: value.replace("$", r"\Z") if key == "pattern" else _for_python(value)
            for key, value in schema.items()
            if key != "format"
        }
    return [_for_python(item) for item in schema] if isinstance(schema, list) else schema


SCHEMAS = {
    event_type: _for_python(resolve(schema, {k: v for k, v in schema.items() if k != "$defs"}))
    for event_type, schema in event_schemas(DOCUMENT).items()
}

_VALIDATORS = {event_type: Draft202012Validator(schema) for event_type, schema in SCHEMAS.items()}

GOOD_DATA: dict[str, Data] = {
    event_type: examples_of(next(iter(resolve(DOCUMENT, channel)["messages"].values())))[0][
        "payload"
    ]
    for event_type, channel in event_channels(DOCUMENT).items()
}
"""The first example of each event."""


def accepts(event_type: str, data: object) -> bool:
    """Tells what the schema says."""
    return bool(_VALIDATORS[event_type].is_valid(data))


@cache
def valid_instances(event_type: str) -> st.SearchStrategy[Data]:
    """What the schema accepts and what it cannot say does not forbid."""
    made = from_schema(SCHEMAS[event_type]).map(add_up)
    return made.filter(lambda data: accepts(event_type, data) and is_fine_beyond_the_schema(data))


def is_fine_beyond_the_schema(data: Data) -> bool:
    """The rules that JSON Schema cannot say; `docs/contract.md` lists them."""
    return (
        all(type(data.get(name, 0)) is int for name in ("year", "term_months"))
        and all(_is_plain(value) for name, value in data.items() if name.endswith("_mxn"))
        and data.get("year", 0) <= clock().year + 1
        and _is_past_instant(data["occurred_at"])
        and (not _has_total(data) or Decimal(str(data["total_paid_mxn"])) == _due(data))
    )


def _is_plain(amount: object) -> bool:
    return isinstance(amount, str) or _PLAINLY_WRITTEN.fullmatch(json.dumps(amount)) is not None


def _is_past_instant(text: str) -> bool:
    try:
        instant = datetime.fromisoformat(text.upper())
    except ValueError:
        return False
    return datetime(1900, 1, 1, tzinfo=UTC) <= instant <= clock() + timedelta(minutes=5)


def _has_total(data: Data) -> bool:
    """Tells a plan's total from a field of that name in an event that knows nothing of plans."""
    return data.keys() >= {"total_paid_mxn", *_DUE}


def _due(data: Data) -> Decimal:
    down, monthly, months = (Decimal(str(data[name])) for name in _DUE)
    return down + monthly * months


def add_up(data: Data) -> Data:
    """The data, its total, if it has one, made the sum that it has to be."""
    return data | {"total_paid_mxn": f"{_due(data):f}"} if _has_total(data) else data


@st.composite
def one_slip_away(draw: st.DrawFn, data: Data) -> Data:
    """The data with one field left out, replaced or edited; it may still be valid."""
    name = draw(st.sampled_from(sorted(set(data) & _FIELDS)))
    if draw(st.integers(0, 9)) == 0:
        return {key: value for key, value in data.items() if key != name}
    return data | {name: draw(_slips_of(data[name]))}


_FIELDS = frozenset(name for schema in SCHEMAS.values() for name in schema["properties"])
_OTHER_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.just([]),
    st.just({}),
    st.sampled_from([0, -1, 1885, 1886, 121, 0.001, 0.01, 10_000_000_000, 9999999999.99]),
    st.sampled_from(["0", "0.00", "-1", "1e3", "１", "1.", ".5", "9999999999.99", "10000000000"]),
)
_CHARACTERS = st.characters() | st.sampled_from("0123456789.:-+TZtzeE_ /\\\n\t\x00\x7f\x85\ud800")


def _slips_of(value: object) -> st.SearchStrategy[object]:
    if isinstance(value, str) and value:
        return st.one_of(_edits_of(value), _edits_of(value), st.just(value * 81), _OTHER_VALUES)
    if isinstance(value, int | float):
        near = [-value, value + 1, value - 1, value * 10, value / 1000, str(value), float(value)]
        return st.sampled_from(near) | _OTHER_VALUES
    return _OTHER_VALUES


@st.composite
def _edits_of(draw: st.DrawFn, text: str) -> str:
    at = draw(st.integers(0, len(text) - 1))
    inserted = draw(_CHARACTERS | st.just(""))
    return text[:at] + inserted + text[at + draw(st.integers(0, 1)) :]
