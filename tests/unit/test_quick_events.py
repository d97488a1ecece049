"""What is read without pydantic is what the models read, and nothing else gets through."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp.commands import Basic

from tests.bad_input.row import GOOD
from tests.support.arbitrary import JSON, WIRE_TEXT
from tests.support.examples import examples
from tests.support.messages import clock, message_with
from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure
from worker.infra.messaging.events import decoding
from worker.infra.messaging.events.decoding import Decoder
from worker.infra.messaging.events.quick_events import QUICK_EVENTS
from worker.infra.messaging.events.wire_events import EVENT_TYPES

YEARS = ("2021", "1885", "2999", "1e3", "-1", "")
PRICES = ("12.30", "0", "9999999999.99", "12.345", " 12.30")
INSTANTS = (
    *("2026-03-02T10:04:41-06:00", "2026-W10-1T00:00:00Z", "2027-01-01t00:00:00z"),
    *("0001-01-01T00:00:00+05:00", "9999-12-31T23:00:00-05:00", "2026-03-02T10:04:41.1234567Z"),
)
LIKELY = st.sampled_from([*YEARS, *PRICES, *INSTANTS, " Versa "])
NUMBERS = st.integers(1880, 2030) | st.decimals(0, 10**11, places=2).map(float)
VALUES = JSON | WIRE_TEXT | LIKELY | NUMBERS


def events(type_: str) -> st.SearchStrategy[dict[str, Any]]:
    """Good ones with any field changed or missing, whatever fields the model has."""
    names = st.sampled_from([*EVENT_TYPES[type_].model_fields, "note"])
    missing = st.sets(names, max_size=2)
    changed = st.dictionaries(names, VALUES, max_size=3)
    return st.builds(_changed, changed, st.just(set()) | missing)


@pytest.mark.parametrize("type_", QUICK_EVENTS)
@examples(1_000)
@given(data=st.data())
def test_it_reads_what_the_model_reads(type_: str, data: st.DataObject) -> None:
    body = json.dumps(data.draw(events(type_))).encode()

    assert decoded(type_, body) == by_the_model_alone(type_, body)


@pytest.mark.parametrize("type_", QUICK_EVENTS)
def test_a_usual_event_needs_no_pydantic(type_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EVENT_TYPES[type_], "model_validate", None)

    assert isinstance(decoded(type_, json.dumps(GOOD).encode()), CommandMessage)


def decoded(type_: str, body: bytes) -> CommandMessage | Failure:
    properties = Basic.Properties(message_id="id-1", message_type=type_, app_id="/dealers")
    return Decoder(clock).try_decode(message_with(body, properties))


def by_the_model_alone(type_: str, body: bytes) -> CommandMessage | Failure:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "QUICK_EVENTS", {})
        return decoded(type_, body)


def _changed(changed: dict[str, Any], missing: set[str]) -> dict[str, Any]:
    return {name: value for name, value in {**GOOD, **changed}.items() if name not in missing}
