"""Events as JSON Lines: one `{"type", "message_id", "source"?, "data"}` per line."""

from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecoder

from pamqp.commands import Basic

from worker.application.outcomes import Failure
from worker.domain.error_code import ErrorCode
from worker.domain.errors import describe
from worker.infra.messaging.events.invalid_message import InvalidMessageError
from worker.infra.messaging.events.json_text import MalformedJsonError, parse_json
from worker.infra.messaging.headers import NO_MESSAGE_ID

_PERSISTENT = 2
_BLANK = " \t\r\n"
_scanner = JSONDecoder(parse_int=str, parse_float=str)  # finds where values end; keeps numbers


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event, ready to be published; `data` is its unchanged text from the line."""

    type: str
    message_id: str | None
    source: str | None
    data: str

    def properties(self) -> Basic.Properties:
        """The AMQP properties that the contract asks for."""
        return Basic.Properties(
            content_type="application/json",
            delivery_mode=_PERSISTENT,
            message_id=self.message_id,
            message_type=self.type,
            app_id=self.source,
            headers=None if self.message_id else {NO_MESSAGE_ID: True},
        )


@dataclass(frozen=True, slots=True)
class NumberedLine:
    """A line of a file, counted from 1, with its event or the reason why it has none."""

    number: int
    content: EventLine | Failure


def parse_event_lines(text: bytes) -> Iterator[NumberedLine]:
    """Reads a whole file; blank lines are counted but skipped."""
    for number, line in enumerate(text.split(b"\n"), start=1):
        if line.strip():
            try:
                yield NumberedLine(number, parse_event_line(line))
            except InvalidMessageError as invalid:
                yield NumberedLine(number, invalid.failure)


def parse_event_line(line: bytes) -> EventLine:
    """Parses a line; its data is not validated.

    Raises:
        InvalidMessageError: the line is not an event; the message says why.
    """
    try:
        event = parse_json(line)
    except MalformedJsonError as malformed:
        raise InvalidMessageError(
            ErrorCode.MALFORMED_JSON, f"line: {malformed}, allowed is one JSON object"
        ) from None
    if not isinstance(event, dict):
        raise _invalid("line", event, "a JSON object with type, message_id and data")
    for name in ("type", "message_id", "source"):
        if not isinstance(event.get(name), str | None):
            raise _invalid(name, event[name], "a string")
    missing = "data" if "data" not in event else "type" if not event.get("type") else None
    if missing:
        raise InvalidMessageError(
            ErrorCode.INVALID_EVENT, f"{missing}: is missing, required are type, message_id, data"
        )
    return EventLine(
        event["type"], event.get("message_id"), event.get("source"), _raw_members(line)["data"]
    )


def _invalid(name: str, found: object, allowed: str) -> InvalidMessageError:
    return InvalidMessageError(
        ErrorCode.INVALID_EVENT, f"{name}: found {describe(found)}, allowed is {allowed}"
    )


def _raw_members(line: bytes) -> dict[str, str]:
    """The members of a valid JSON object, each value as its unchanged text."""
    text = line.decode()
    members = {}
    position = _skip_blank(text, text.index("{") + 1)
    while text[position] == '"':
        key, position = _scanner.raw_decode(text, position)
        start = _skip_blank(text, _skip_blank(text, position) + 1)
        _, end = _scanner.raw_decode(text, start)
        members[key] = text[start:end]
        position = _skip_blank(text, end)
        position = _skip_blank(text, position + 1) if text[position] == "," else position
    return members


def _skip_blank(text: str, position: int) -> int:
    while text[position] in _BLANK:
        position += 1
    return position
