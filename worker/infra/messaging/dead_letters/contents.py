"""What a message says, read without judging it: most dead letters are wrong somehow."""

from typing import Final

from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.events.envelope import read_envelope
from worker.infra.messaging.events.invalid_message import InvalidMessageError
from worker.infra.messaging.events.json_text import MalformedJsonError, parse_json

NOT_JSON: Final = object()
"""Stands for the document of a body that is none."""

_STRUCTURED = "application/cloudevents+json"


def read_names(message: Message) -> tuple[MessageIdentity | None, str]:
    """The identity that the worker would record, if it could read one, and the type."""
    document = read_document(message) if is_structured(message) else None
    try:
        envelope = read_envelope(message, document if isinstance(document, dict) else None)
    except InvalidMessageError:
        return None, message.properties.message_type or ""
    return envelope.identity, envelope.type


def read_document(message: Message) -> object:
    """The body as JSON, or `NOT_JSON`."""
    try:
        return parse_json(message.body)
    except MalformedJsonError:
        return NOT_JSON


def read_data(message: Message) -> object:
    """The data of the event, `NOT_JSON` if there is none that can be read."""
    document = read_document(message)
    if not is_structured(message):
        return document
    return document.get("data", NOT_JSON) if isinstance(document, dict) else NOT_JSON


def read_car_id(message: Message) -> str | None:
    """The car that the message is about, None if it does not say."""
    data = read_data(message)
    car_id = data.get("car_id") if isinstance(data, dict) else None
    return car_id if isinstance(car_id, str) else None


def is_structured(message: Message) -> bool:
    """Tells whether the body is a CloudEvent with its attributes."""
    stated = message.properties.content_type or ""
    return stated.partition(";")[0].strip().lower() == _STRUCTURED
