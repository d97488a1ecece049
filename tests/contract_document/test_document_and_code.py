"""What the document says twice, the code says the same."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from dev.contract.derived import derived_files
from dev.contract.document import FOLDER, event_channels, resolve
from dev.contract.schemas import event_schemas
from tests.contract_document.contract import (
    ASYNCAPI,
    COMPONENTS,
    DOCUMENT,
    SCHEMAS,
    SHARED_TYPES,
    WIRE_EVENTS,
    what_to_edit,
)
from worker.domain.error_code import ErrorCode
from worker.infra.messaging.consuming.next_copy import MAY_SUCCEED_LATER
from worker.infra.messaging.events.decoding import LARGEST_BODY_BYTES
from worker.infra.messaging.events.wire_events import EVENT_TYPES
from worker.infra.messaging.headers import OURS
from worker.infra.messaging.names import EVENTS_EXCHANGE, WORKER_EXCHANGE
from worker.infra.messaging.topology import queue_specs

ERROR_CODES = "worker/domain/error_code.py"
RETRIED = "worker/infra/messaging/consuming/next_copy.py"

CODES: Mapping[str, Mapping[str, Any]] = SCHEMAS["ErrorCode"]["x-error-codes"]


def test_every_type_has_a_channel_whose_address_is_its_routing_key() -> None:
    channels = event_channels(DOCUMENT)

    assert set(channels) == set(EVENT_TYPES), what_to_edit(
        f"channels in {ASYNCAPI}", channels, f"EVENT_TYPES in {WIRE_EVENTS}", EVENT_TYPES
    )


@pytest.mark.parametrize("event_type", SHARED_TYPES)
def test_a_schema_names_the_fields_that_the_wire_model_reads(event_type: str) -> None:
    fields = EVENT_TYPES[event_type].model_fields
    schema = event_schemas(DOCUMENT)[event_type]

    required = {name for name, field in fields.items() if field.is_required()}
    model = f"{EVENT_TYPES[event_type].__name__} in {WIRE_EVENTS}"

    assert set(schema["properties"]) == set(fields), what_to_edit(
        f"the schema of {event_type} in {ASYNCAPI}", schema["properties"], model, fields
    )
    assert set(schema["required"]) == required, what_to_edit(
        f"what {event_type} requires in {ASYNCAPI}",
        schema["required"],
        f"the fields without default of {model}",
        required,
    )


@pytest.mark.parametrize("event_type", SHARED_TYPES)
def test_messages_of_a_channel_carry_its_type(event_type: str) -> None:
    messages = resolve(DOCUMENT, event_channels(DOCUMENT)[event_type])["messages"].values()
    assert len(messages) == 2, (
        f"{ASYNCAPI}: {event_type} needs a plain message and a structured one"
    )
    plain, structured = messages
    said = {
        "name of the plain message": plain["name"],
        "name of the structured message": structured["name"],
        "bindings.amqp.messageType": look_into(plain, "bindings", "amqp", "messageType"),
        "payload.properties.type.const": look_into(
            structured, "payload", "properties", "type", "const"
        ),
    }

    assert said == dict.fromkeys(said, event_type), f"{ASYNCAPI}: each must be {event_type}"


def look_into(part: Any, *keys: str) -> Any:
    """What stands at the end of the keys, None where one of them is missing."""
    for key in keys:
        part = (part or {}).get(key)
    return part


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

    bound = main.routing_keys[EVENTS_EXCHANGE]

    assert names == set(bound), what_to_edit(
        f"messages of channels.workerQueue in {ASYNCAPI}", names, WIRE_EVENTS, bound
    )
    assert WORKER_EXCHANGE in main.routing_keys


def test_every_error_code_is_told() -> None:
    known = {str(code) for code in ErrorCode}

    for part, told in (("enum", SCHEMAS["ErrorCode"]["enum"]), ("x-error-codes", CODES)):
        assert set(told) == known, what_to_edit(
            f"{part} of ErrorCode in {ASYNCAPI}", told, ERROR_CODES, known
        )


def test_the_document_tells_which_errors_are_tried_again() -> None:
    retried = {code for code, told in CODES.items() if told["retried"]}

    known = {str(code) for code in MAY_SUCCEED_LATER}

    assert retried == known, what_to_edit(
        f"the codes with `retried: true` in {ASYNCAPI}",
        retried,
        f"MAY_SUCCEED_LATER in {RETRIED}",
        known,
    )


def test_a_dead_letter_has_the_headers_that_the_document_names() -> None:
    told = SCHEMAS["DeadLetterHeaders"]["properties"]

    assert set(told) == OURS, what_to_edit(
        f"DeadLetterHeaders in {ASYNCAPI}", told, "worker/infra/messaging/headers.py", OURS
    )


def test_the_largest_body_is_the_one_that_is_told() -> None:
    assert CODES["too-large"]["meaning"].endswith(f"{LARGEST_BODY_BYTES // 1024} KiB.")


@pytest.mark.parametrize("name", derived_files(DOCUMENT))
def test_what_is_made_from_the_document_is_up_to_date(name: str) -> None:
    file = FOLDER / name
    kept = file.read_text(encoding="utf-8") if file.exists() else None

    assert kept == derived_files(DOCUMENT)[name], f"{ASYNCAPI} changed since. Run: make contract"


def test_no_schema_is_left_of_an_event_that_is_gone() -> None:
    kept = {path.stem for path in (FOLDER / "schemas").glob("*.json")}
    left = kept - set(event_channels(DOCUMENT))

    assert not left, f"contract/schemas/ has {sorted(left)} of no event. Run: make contract"


def test_yaml_and_json_are_one_document() -> None:
    as_yaml = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text(encoding="utf-8"))
    as_json = json.loads((FOLDER / "asyncapi.json").read_text(encoding="utf-8"))

    assert as_yaml == as_json, f"{ASYNCAPI} changed since. Run: make contract"
