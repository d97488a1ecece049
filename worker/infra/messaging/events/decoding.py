"""Decodes messages: each becomes a command or a failure."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from worker.application.commands import Command, CommandMessage
from worker.application.digest import digest_of
from worker.application.outcomes import Failure
from worker.domain.error_code import ErrorCode
from worker.domain.errors import InvalidValueError, describe
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.events.envelope import Envelope, read_envelope
from worker.infra.messaging.events.invalid_message import InvalidMessageError
from worker.infra.messaging.events.json_text import MalformedJsonError, parse_json
from worker.infra.messaging.events.quick_events import QUICK_EVENTS
from worker.infra.messaging.events.replacement import with_replaced
from worker.infra.messaging.events.wire_events import EVENT_TYPES, WireEvent

LARGEST_BODY_BYTES = 256 * 1024

_JSON = "application/json"
_STRUCTURED = "application/cloudevents+json"
_MEDIA_TYPES = frozenset({_JSON, _STRUCTURED})
_AMQP_VALUE = "amqp-1.0"
"""What RabbitMQ puts into `type` where the body of an AMQP 1.0 message is no data section."""

_REQUIRED_IN_STRUCTURED = ("specversion", "id", "source", "type")


class Decoder:
    """Decodes plain AMQP, and CloudEvents 1.0 in binary and structured mode."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def decode(self, message: Message) -> CommandMessage:
        """The command that the message carries.

        Raises:
            InvalidMessageError: the message is invalid; bad input raises no other error.
        """
        content_type = _check_form(message)
        if content_type == _STRUCTURED:
            event = _parse_structured(message.body)
            decoded = self._decode_data(read_envelope(message, event), event.get("data"))
        else:
            envelope = read_envelope(message, None)
            decoded = self._decode_data(envelope, _parse(message.body))
        return with_replaced(decoded, message)

    def try_decode(self, message: Message) -> CommandMessage | Failure:
        """The command, or a failure; a bug of ours affects only this message."""
        try:
            return self.decode(message)
        except InvalidMessageError as invalid:
            return invalid.failure
        except Exception as bug:  # noqa: BLE001 - see above
            return Failure.from_bug(bug, "decoding it")

    def _decode_data(self, envelope: Envelope, data: object) -> CommandMessage:
        event_type = EVENT_TYPES.get(envelope.type)
        if event_type is None:
            raise InvalidMessageError(
                ErrorCode.UNKNOWN_TYPE,
                f"type: found {describe(envelope.type)}, allowed are {', '.join(EVENT_TYPES)}",
            )
        if not isinstance(data, dict):
            raise InvalidMessageError(
                ErrorCode.INVALID_EVENT, f"data: found {describe(data)}, allowed is a JSON object"
            )
        command = _to_command(event_type, data, envelope, self._clock())
        return CommandMessage(envelope.identity, envelope.type, command, digest_of(command))


def _to_command(
    event_type: type[WireEvent], data: dict[str, Any], envelope: Envelope, now: datetime
) -> Command:
    if quick := QUICK_EVENTS.get(envelope.type):
        try:
            return quick(data, now, envelope.identity)
        except (KeyError, ValueError):
            pass  # the model finds every wrong field, and has the words
    try:
        return event_type.model_validate(data, context=now).to_command(envelope.identity)
    except ValidationError as invalid:
        raise _describe_invalid(invalid, event_type) from None


def _check_form(message: Message) -> str:
    """Checks size and encodings; returns the media type."""
    if len(message.body) > LARGEST_BODY_BYTES:
        raise InvalidMessageError(
            ErrorCode.TOO_LARGE,
            f"body: found {len(message.body)} bytes, allowed are {LARGEST_BODY_BYTES}",
        )
    if message.properties.message_type == _AMQP_VALUE:
        raise _unsupported("body", "an AMQP 1.0 value or sequence", "a data section")
    encoding = message.properties.content_encoding
    if encoding and encoding.lower() not in {"identity", "utf-8", "utf8"}:
        raise _unsupported("content_encoding", encoding, "none")
    stated = message.properties.content_type or _JSON
    if stated in _MEDIA_TYPES:  # fast path for nearly every message
        return stated
    media_type, *parameters = (part.strip().lower() for part in stated.split(";"))
    if media_type not in _MEDIA_TYPES:
        raise _unsupported("content_type", stated, f"{_JSON} or {_STRUCTURED}")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in {"utf-8", "utf8"}:
            raise _unsupported("content_type", stated, "charset utf-8")
    return media_type


def _parse_structured(body: bytes) -> dict[str, Any]:
    event = _parse(body)
    if not isinstance(event, dict):
        raise InvalidMessageError(
            ErrorCode.INVALID_EVENT,
            f"body: found {describe(event)}, allowed is a CloudEvents JSON object",
        )
    missing = [name for name in _REQUIRED_IN_STRUCTURED if event.get(name) in (None, "")]
    if missing:
        code = ErrorCode.MISSING_MESSAGE_ID if "id" in missing else ErrorCode.INVALID_EVENT
        raise InvalidMessageError(code, f"CloudEvents attribute missing: {', '.join(missing)}")
    return event


def _parse(body: bytes) -> object:
    try:
        return parse_json(body)
    except MalformedJsonError as malformed:
        raise InvalidMessageError(ErrorCode.MALFORMED_JSON, f"body: {malformed}") from None


def _unsupported(name: str, found: str, allowed: str) -> InvalidMessageError:
    return InvalidMessageError(
        ErrorCode.UNSUPPORTED_ENCODING, f"{name}: found {describe(found)}, allowed is {allowed}"
    )


def _describe_invalid(invalid: ValidationError, event_type: type[WireEvent]) -> InvalidMessageError:
    """Lists every wrong field; the code is occurred-in-future only if nothing else is wrong."""
    errors = invalid.errors(include_url=False)
    causes = [error.get("ctx", {}).get("error") for error in errors]
    codes = {
        cause.code if isinstance(cause, InvalidValueError) else ErrorCode.INVALID_EVENT
        for cause in causes
    }
    code = codes.pop() if len(codes) == 1 else ErrorCode.INVALID_EVENT
    required = ", ".join(event_type.model_fields)
    return InvalidMessageError(
        code, "; ".join(_describe_error(error, required) for error in errors)
    )


def _describe_error(error: ErrorDetails, required: str) -> str:
    field = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return f"{field}: is missing, required are {required}"
    return f"{field}: {error['msg'].removeprefix('Value error, ')}"
