"""What the document says twice, the code says the same."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from dev.contract.derived import derived_files
from dev.contract.document import FOLDER, event_channels, resolve
from dev.contract.schemas import event_schemas
from tests.contract_document.contract import COMPONENTS, DOCUMENT, SCHEMAS
from worker.domain.value_objects.error_code import ErrorCode
from worker.infra.messaging.consuming.settling import MAY_SUCCEED_LATER
from worker.infra.messaging.events.decoding import LARGEST_BODY_BYTES
from worker.infra.messaging.events.wire_events import EVENT_TYPES
from worker.infra.messaging.headers import OURS
from worker.infra.messaging.names import EVENTS_EXCHANGE, WORKER_EXCHANGE
from worker.infra.messaging.topology import queue_specs

CODES: Mapping[str, Mapping[str, Any]] = SCHEMAS["ErrorCode"]["x-error-codes"]


def test_every_type_has_a_channel_whose_address_is_its_routing_key() -> None:
    assert set(event_channels(DOCUMENT)) == set(EVENT_TYPES)


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_a_schema_names_the_fields_that_the_wire_model_reads(event_type: str) -> None:
    fields = EVENT_TYPES[event_type].model_fields
    schema = event_schemas(DOCUMENT)[event_type]

    assert set(schema["properties"]) == set(fields)
    assert set(schema["required"]) == {name for name, f in fields.items() if f.is_required()}


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_messages_of_a_channel_carry_its_type(event_type: str) -> None:
    messages = resolve(DOCUMENT, event_channels(DOCUMENT)[event_type])["messages"].values()
    plain, structured = messages

    assert plain["name"] == structured["name"] == event_type
    assert plain["bindings"]["amqp"]["messageType"] == event_type
    assert structured["payload"]["properties"]["type"]["const"] == event_type


def test_publishers_publish_to_our_exchange_persistent_and_mandatory() -> None:
    binding = COMPONENTS["channelBindings"]["events"]["amqp"]
    operation = COMPONENTS["operationBindings"]["events"]["amqp"]

    assert binding["exchange"] == {
        "name": EVENTS_EXCHANGE,
        "type": "topic",
        "durable": True,
        "autoDelete": False,
    }
    assert (operation["deliveryMode"], operation["mandatory"]) == (2, True)


def test_queues_are_declared_as_the_document_shows_them() -> None:
    shown = {
        binding["queue"]["name"]: binding["queue"]["x-arguments"]
        for channel in DOCUMENT["channels"].values()
        if (binding := resolve(DOCUMENT, channel["bindings"])["amqp"])["is"] == "queue"
    }
    declared = {s.name: {"x-queue-type": "quorum", **s.arguments} for s in queue_specs(())}

    assert shown
    assert shown.items() <= declared.items()


def test_the_queue_takes_every_event_of_the_document() -> None:
    (main,) = (spec for spec in queue_specs(()) if EVENTS_EXCHANGE in spec.routing_keys)
    messages = DOCUMENT["channels"]["workerQueue"]["messages"]
    names = {resolve(DOCUMENT, message)["name"] for message in messages.values()}

    assert names == set(main.routing_keys[EVENTS_EXCHANGE])
    assert WORKER_EXCHANGE in main.routing_keys


def test_every_error_code_is_told() -> None:
    assert set(SCHEMAS["ErrorCode"]["enum"]) == {str(code) for code in ErrorCode} == set(CODES)


def test_the_document_tells_which_errors_are_tried_again() -> None:
    retried = {code for code, told in CODES.items() if told["retried"]}

    assert retried == {str(code) for code in MAY_SUCCEED_LATER}


def test_a_dead_letter_has_the_headers_that_the_document_names() -> None:
    assert set(SCHEMAS["DeadLetterHeaders"]["properties"]) == OURS


def test_the_largest_body_is_the_one_that_is_told() -> None:
    assert CODES["too-large"]["meaning"].endswith(f"{LARGEST_BODY_BYTES // 1024} KiB.")


@pytest.mark.parametrize("name", derived_files(DOCUMENT))
def test_what_is_made_from_the_document_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == derived_files(DOCUMENT)[name], (
        "run: python -m dev.contract"
    )


def test_no_schema_is_left_of_an_event_that_is_gone() -> None:
    kept = {path.stem for path in (FOLDER / "schemas").glob("*.json")}

    assert kept == set(EVENT_TYPES)


def test_yaml_and_json_are_one_document() -> None:
    as_yaml = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text(encoding="utf-8"))
    as_json = json.loads((FOLDER / "asyncapi.json").read_text(encoding="utf-8"))

    assert as_yaml == as_json
