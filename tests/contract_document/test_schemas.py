"""Where JSON Schema can say it, the schemas and the decoder draw the same line."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given
from hypothesis import strategies as st
from pamqp.commands import Basic

from tests.contract_document.contract import SHARED_TYPES
from tests.contract_document.edges import EDGES
from tests.contract_document.instances import (
    GOOD_DATA,
    SCHEMAS,
    accepts,
    add_up,
    is_fine_beyond_the_schema,
    one_slip_away,
    valid_instances,
)
from tests.support.examples import examples
from tests.support.messages import clock, message_with
from worker.infra.messaging.events.decoding import Decoder
from worker.infra.messaging.events.invalid_message import InvalidMessageError

of_every_type = pytest.mark.parametrize("event_type", SHARED_TYPES)
often = examples(150, suppress_health_check=list(HealthCheck))


def refusal(event_type: str, data: object) -> str | None:
    """What the worker has against it."""
    properties = Basic.Properties(message_id="id", message_type=event_type)
    try:
        Decoder(clock).decode(message_with(json.dumps(data).encode(), properties))
    except InvalidMessageError as invalid:
        return invalid.failure.detail
    return None


def is_taken(event_type: str, data: object) -> bool:
    return refusal(event_type, data) is None


@of_every_type
@often
@given(st.data())
def test_the_worker_takes_what_the_schema_accepts(event_type: str, data: st.DataObject) -> None:
    instance = data.draw(valid_instances(event_type))

    assert is_taken(event_type, instance)


@of_every_type
@often
@given(st.data())
def test_one_slip_away_the_schema_and_the_worker_still_agree(
    event_type: str, data: st.DataObject
) -> None:
    mutated = data.draw(one_slip_away(data.draw(valid_instances(event_type))))
    accepted = accepts(event_type, mutated)
    event(f"{accepted=}")
    assume(not accepted or is_fine_beyond_the_schema(mutated))

    assert is_taken(event_type, mutated) is accepted


def _edge_cases(*, inside: bool) -> list[Any]:
    return [
        pytest.param(event_type, name, value, id=f"{event_type}-{name}-{ascii(value)[:30]}")
        for event_type, schema in SCHEMAS.items()
        if event_type in SHARED_TYPES
        for name, edge in EDGES.items()
        if name in schema["properties"]
        for value in (edge.inside if inside else edge.outside)
    ]


def test_every_field_has_edges() -> None:
    fields = {name for schema in SCHEMAS.values() for name in schema["properties"]}

    without_edges = fields - set(EDGES)
    decided_by_three_others = {"total_paid_mxn"}

    assert without_edges == decided_by_three_others, (
        "tests/contract_document/edges.py: write down the last values inside and the first "
        f"outside the rules of {sorted(without_edges - decided_by_three_others)}"
    )


@pytest.mark.parametrize(("event_type", "name", "value"), _edge_cases(inside=True))
def test_the_last_value_inside_a_rule_is_taken_by_both(
    event_type: str, name: str, value: object
) -> None:
    data = add_up(GOOD_DATA[event_type] | {name: value})

    assert accepts(event_type, data)
    assert is_taken(event_type, data)


@pytest.mark.parametrize(("event_type", "name", "value"), _edge_cases(inside=False))
def test_the_first_value_outside_a_rule_is_refused_by_both(
    event_type: str, name: str, value: object
) -> None:
    data = GOOD_DATA[event_type] | {name: value}

    assert not accepts(event_type, data)
    assert str(refusal(event_type, data)).startswith(f"{name}: found ")


@of_every_type
@pytest.mark.parametrize("data", [None, True, 1, "{}", [], {}])
def test_what_is_no_object_with_fields_is_refused_by_both(event_type: str, data: object) -> None:
    assert not accepts(event_type, data)
    assert not is_taken(event_type, data)
