"""The source, id and type of a message, from AMQP properties and CloudEvents attributes."""

import unicodedata
from typing import Any

from pamqp.common import FieldTable, FieldValue

from worker.domain.error_code import ErrorCode
from worker.domain.errors import describe
from worker.domain.record import record
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.events.invalid_message import InvalidMessageError
from worker.infra.messaging.headers import NO_MESSAGE_ID

CLOUD_EVENT_PREFIXES = ("ce-", "cloudEvents_", "cloudEvents:")
"""Prefixes of attribute names in binary mode; a message uses one of them."""

LONGEST_ID_BYTES = 255

_NO_EVENT_TYPE = "binary"
"""What RabbitMQ 3's plugin for AMQP 1.0 puts into `type`, whatever the publisher has set."""

_ATTRIBUTES = ("specversion", "id", "source", "type")


@record
class Envelope:
    """The metadata of a message, read before its data."""

    identity: MessageIdentity
    type: str


def read_envelope(message: Message, structured: dict[str, Any] | None) -> Envelope:
    """Combines the AMQP properties with the CloudEvents attributes of headers and body.

    Raises:
        InvalidMessageError: a required value is missing, cannot be stored as text, or is given
            twice with different content.
    """
    properties, headers = message.properties, message.headers
    attributes: tuple[dict[str, Any], ...] = ()
    if structured is not None or any(map(_is_attribute, headers)):  # seldom
        binary = _binary_attributes(headers)
        attributes = tuple(told for told in (binary, structured) if told)
    for told in attributes:
        _check_specversion(told)
    message_id = _agreed("message id", None, "id", attributes)
    if message_id is None and NO_MESSAGE_ID not in headers:
        # Only without a CloudEvents id: aio-pika and FastStream make up a message_id.
        message_id = _checked("message id", properties.message_id)
    if message_id is None:
        raise InvalidMessageError(
            ErrorCode.MISSING_MESSAGE_ID,
            "neither the property message_id nor a CloudEvents id is set",
        )
    in_property = None if properties.message_type == _NO_EVENT_TYPE else properties.message_type
    type_ = _agreed("type", in_property, "type", attributes)
    if type_ is None:
        raise _invalid("neither the property type nor a CloudEvents type is set")
    source = _agreed("source", None, "source", attributes)
    if source is None:
        source = _checked("source (app_id)", properties.app_id) or ""
    return Envelope(MessageIdentity(source, message_id), type_)


def _is_attribute(header: str) -> bool:
    return header.startswith(CLOUD_EVENT_PREFIXES)


def _binary_attributes(headers: FieldTable) -> dict[str, FieldValue]:
    used = [
        prefix for prefix in CLOUD_EVENT_PREFIXES if any(key.startswith(prefix) for key in headers)
    ]
    if not used:
        return {}
    if len(used) > 1:
        raise _invalid(f"headers mix the CloudEvents prefixes {' and '.join(used)}: use one")
    return {name: headers[used[0] + name] for name in _ATTRIBUTES if used[0] + name in headers}


def _check_specversion(attributes: dict[str, Any]) -> None:
    version = attributes.get("specversion", "1.0")
    if version != "1.0":
        raise _invalid(f"specversion: found {describe(version)}, allowed is '1.0'")


def _agreed(
    what: str, in_property: str | None, name: str, attributes: tuple[dict[str, Any], ...]
) -> str | None:
    value = _checked(what, in_property)
    if not attributes:  # fast path for nearly every message
        return value
    told = [value, *(_checked(what, a.get(name)) for a in attributes)]
    values = {value for value in told if value is not None}
    if len(values) > 1:
        contradicting = " and ".join(describe(value) for value in sorted(values))
        raise _invalid(f"{what}: property and CloudEvents attribute say {contradicting}")
    return values.pop() if values else None


def _checked(what: str, value: object) -> str | None:
    """The value if it is valid as an id, None if there is none."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise _invalid(f"{what}: found {describe(value)}, allowed is text in UTF-8")
    if not _is_storable(value):
        raise _invalid(
            f"{what}: found {describe(value)}, allowed are at most {LONGEST_ID_BYTES} bytes "
            "of UTF-8 without control characters"
        )
    return value


def _is_storable(text: str) -> bool:
    if text.isascii():
        return len(text) <= LONGEST_ID_BYTES and text.isprintable()
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        return False
    return len(text.encode()) <= LONGEST_ID_BYTES


def _invalid(detail: str) -> InvalidMessageError:
    return InvalidMessageError(ErrorCode.INVALID_EVENT, detail)
