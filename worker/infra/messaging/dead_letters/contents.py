"""What a message says, read without judging it: most dead letters are wrong somehow."""

from typing import Final

from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.delivery import Delivery
from worker.infra.messaging.envelope import read_envelope
from worker.infra.messaging.invalid_message import InvalidMessageError
from worker.infra.messaging.json_text import MalformedJsonError, parse_json

NOT_JSON: Final = object()
"""Stands for the document of a body that is none."""

_STRUCTURED = "application/cloudevents+json"


def read_names(delivery: Delivery) -> tuple[MessageIdentity | None, str]:
    """The identity that the worker would record, if it could read one, and the type."""
    document = read_document(delivery) if _is_structured(delivery) else None
    try:
        envelope = read_envelope(delivery, document if isinstance(document, dict) else None)
    except InvalidMessageError:
        return None, delivery.properties.message_type or ""
    return envelope.identity, envelope.type


def read_document(delivery: Delivery) -> object:
    """The body as JSON, or `NOT_JSON`."""
    try:
        return parse_json(delivery.body)
    except MalformedJsonError:
        return NOT_JSON


def read_data(delivery: Delivery) -> object:
    """The data of the event, `NOT_JSON` if there is none that can be read."""
    document = read_document(delivery)
    if not _is_structured(delivery):
        return document
    return document.get("data", NOT_JSON) if isinstance(document, dict) else NOT_JSON


def read_car_id(delivery: Delivery) -> str | None:
    """The car that the message is about, None if it does not say."""
    data = read_data(delivery)
    car_id = data.get("car_id") if isinstance(data, dict) else None
    return car_id if isinstance(car_id, str) else None


def _is_structured(delivery: Delivery) -> bool:
    """Tells whether the body is a CloudEvent with its attributes."""
    stated = delivery.properties.content_type or ""
    return stated.partition(";")[0].strip().lower() == _STRUCTURED
