"""Events as JSON Lines: `{"type", "message_id", "source"?, "data"}`, one to a line."""

from dataclasses import dataclass
from json import JSONDecoder

from pamqp.commands import Basic

from worker.infra.messaging.bookkeeping import NO_MESSAGE_ID
from worker.infra.messaging.json_text import MalformedJsonError, parse_json

_PERSISTENT = 2
_BLANK = " \t\r\n"
_decoder = JSONDecoder()


class InvalidLineError(ValueError):
    """A line is not an event."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event, ready to be published; `data` is the text as it stands in the line."""

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


def parse_event_line(line: str) -> EventLine:
    """Reads a line; data of any kind is let through, for the worker to judge.

    Raises:
        InvalidLineError: the line is not an event, and how so.
    """
    try:
        event = parse_json(line.encode("utf-8", "surrogatepass"))
    except MalformedJsonError as error:
        raise InvalidLineError(f"is not JSON: {error}") from None
    if not isinstance(event, dict) or "data" not in event:
        raise InvalidLineError("is not a JSON object with type, message_id and data")
    for name in ("type", "message_id", "source"):
        if not isinstance(event.get(name), str | None):
            raise InvalidLineError(f"has a {name} that is not a string")
    if not event.get("type"):
        raise InvalidLineError("has no type")
    return EventLine(
        event["type"], event.get("message_id"), event.get("source"), _raw_members(line)["data"]
    )


def _raw_members(text: str) -> dict[str, str]:
    """The members of a valid JSON object, each value as its text: no digit changes."""
    members = {}
    position = _skip_blank(text, text.index("{") + 1)
    while text[position] == '"':
        key, position = _decoder.raw_decode(text, position)
        start = _skip_blank(text, _skip_blank(text, position) + 1)
        _, end = _decoder.raw_decode(text, start)
        members[key] = text[start:end]
        position = _skip_blank(text, end)
        position = _skip_blank(text, position + 1) if text[position] == "," else position
    return members


def _skip_blank(text: str, position: int) -> int:
    while text[position] in _BLANK:
        position += 1
    return position
