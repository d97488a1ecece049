import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from pamqp.commands import Basic

from dev.contract.document import event_channels, resolve
from tests.contract_document.contract import DOCUMENT, examples_of
from tests.support.messages import clock, message_with
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.events.decoding import Decoder

PLAIN_ID, PLAIN_SOURCE = "dealer-mx-a29679aab707", "/dealers/puebla"


def _examples() -> Iterator[Any]:
    for routing_key, channel in event_channels(DOCUMENT).items():
        for message in resolve(DOCUMENT, channel)["messages"].values():
            for example in examples_of(message):
                name = f"{message['title']}-{example['name']}"
                yield pytest.param(routing_key, message, example, id=name)


@pytest.mark.parametrize(("routing_key", "message", "example"), list(_examples()))
def test_the_worker_takes_every_example(
    routing_key: str, message: dict[str, Any], example: dict[str, Any]
) -> None:
    headers = example.get("headers", {})
    identity = _identity(headers, message, example)
    properties = Basic.Properties(content_type=message["contentType"], headers=headers)
    if identity == (PLAIN_SOURCE, PLAIN_ID):
        properties.message_id, properties.app_id = PLAIN_ID, PLAIN_SOURCE
        properties.message_type = routing_key

    taken = Decoder(clock).decode(message_with(json.dumps(example["payload"]).encode(), properties))

    assert taken.type == routing_key
    assert taken.identity == identity


@pytest.mark.parametrize(("routing_key", "message", "example"), list(_examples()))
def test_every_example_obeys_its_own_schemas(
    routing_key: str, message: dict[str, Any], example: dict[str, Any]
) -> None:
    assert routing_key
    jsonschema.validate(example["payload"], message["payload"])
    for trait in message["traits"]:
        jsonschema.validate(example.get("headers", {}), trait.get("headers", True))


def _identity(
    headers: dict[str, str], message: dict[str, Any], example: dict[str, Any]
) -> MessageIdentity:
    if message["contentType"] == "application/cloudevents+json":
        return MessageIdentity(example["payload"]["source"], example["payload"]["id"])
    if "ce-id" in headers:
        return MessageIdentity(headers["ce-source"], headers["ce-id"])
    return MessageIdentity(PLAIN_SOURCE, PLAIN_ID)
