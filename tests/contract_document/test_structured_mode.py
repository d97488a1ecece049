"""The envelope of a structured CloudEvent: what the schema says, the worker does."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pamqp.commands import Basic

from dev.contract.document import resolve
from tests.contract_document.contract import COMPONENTS, DOCUMENT
from tests.support.messages import clock, message_with
from worker.infra.messaging.events.decoding import Decoder
from worker.infra.messaging.events.invalid_message import InvalidMessageError

MESSAGE = resolve(DOCUMENT, COMPONENTS["messages"]["PriceChangedStructured"])
GOOD = MESSAGE["examples"][0]["payload"]


def accepts(event: object) -> bool:
    return bool(Draft202012Validator(MESSAGE["payload"]).is_valid(event))


def is_taken(event: object) -> bool:
    properties = Basic.Properties(content_type=MESSAGE["contentType"])
    try:
        Decoder(clock).decode(message_with(json.dumps(event).encode(), properties))
    except InvalidMessageError:
        return False
    return True


@pytest.mark.parametrize("missing", ["specversion", "id", "source", "type", "data"])
def test_without_a_required_attribute_both_refuse(missing: str) -> None:
    event = {name: value for name, value in GOOD.items() if name != missing}

    assert (accepts(event), is_taken(event)) == (False, False)


@pytest.mark.parametrize("name", ["id", "source"])
@pytest.mark.parametrize("value", ["a", "é", "x" * 255, "é" * 127, "urn:uuid:0 0"])
def test_what_can_be_an_identifier_both_take(name: str, value: str) -> None:
    event = GOOD | {name: value}

    assert (accepts(event), is_taken(event)) == (True, True)


@pytest.mark.parametrize("name", ["id", "source"])
@pytest.mark.parametrize(
    "value", ["", "x" * 256, "a\nb", "\x00", "\x7f", "\x85", "\ud800", 1, None]
)
def test_what_can_be_no_identifier_both_refuse(name: str, value: object) -> None:
    event = GOOD | {name: value}

    assert (accepts(event), is_taken(event)) == (False, False)


@pytest.mark.parametrize(
    "changed", [{"specversion": "0.3"}, {"type": "inventory.price-changed.v2"}, {"data": "{}"}]
)
def test_another_version_type_or_data_both_refuse(changed: dict[str, Any]) -> None:
    assert (accepts(GOOD | changed), is_taken(GOOD | changed)) == (False, False)
