"""A dead letter as a line of JSON.

`type`, `message_id`, `source` and `data` are what the event says, for people to edit;
`dead_letter` is what became of it, for people to read; `original` is the message itself.
"""

import base64
import json
from typing import Any

from pamqp.commands import Basic
from pamqp.common import FieldValue

from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.amqp_json import from_json, to_json
from worker.infra.messaging.dead_letters.canonical_json import canonical
from worker.infra.messaging.dead_letters.contents import NOT_JSON, read_data
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter, read_dead_letter
from worker.infra.messaging.dead_letters.editing import Edit
from worker.infra.messaging.events.json_text import MalformedJsonError


def to_line(letter: DeadLetter, edit: Edit | None = None) -> str:
    """The line, without its end; with an edit, as a person would have changed it."""
    said = edit or letter
    data = told_data(letter) if edit is None else edit.data
    members = {
        "type": json.dumps(said.type),
        "message_id": json.dumps(letter.message_id),
        "source": json.dumps(said.source),
        **({} if data is None else {"data": data}),
        "dead_letter": json.dumps(history_of(letter)),
        "original": json.dumps(original_of(letter)),
    }
    return f"{{{', '.join(f'{json.dumps(name)}: {text}' for name, text in members.items())}}}"


def told_data(letter: DeadLetter) -> str | None:
    """The data of the event as JSON on one line, None if there is none that can be read."""
    data = read_data(letter.message)
    try:
        return None if data is NOT_JSON else canonical(data)
    except MalformedJsonError:
        return None


def read_original(line: dict[str, Any]) -> DeadLetter:
    """The dead letter as it was when its line was written.

    Raises:
        ValueError: the line has no `original` such as `to_line` writes.
    """
    try:
        original = line["original"]
        body = original.get("body_base64")
        content = original["body"].encode() if body is None else _decoded(body)
        return read_dead_letter(with_envelope(content, original))
    except (KeyError, TypeError, AttributeError, ArithmeticError, ValueError) as error:
        raise ValueError(f"has no original as `dlq export` writes it ({error})") from None


def history_of(letter: DeadLetter) -> dict[str, Any]:
    """What became of it."""
    return {
        "code": letter.code,
        "detail": letter.detail,
        "died_at": letter.died_at and letter.died_at.isoformat(),
        "first_failed_at": letter.first_failed_at and letter.first_failed_at.isoformat(),
        "attempts": letter.history.attempts,
        "replays": letter.history.replays,
    }


def original_of(letter: DeadLetter) -> dict[str, Any]:
    """The message itself, in JSON."""
    return {**_body(letter.message.body), **envelope_of(letter.message)}


def envelope_of(message: Message) -> dict[str, Any]:
    """Exchange, routing key and properties of a message, in JSON."""
    told = {name: getattr(message.properties, name) for name in Basic.Properties.attributes()}
    told.pop("cluster_id")  # reserved, and always empty
    return {
        "exchange": message.exchange,
        "routing_key": message.routing_key,
        "properties": to_json({name: value for name, value in told.items() if value is not None}),
    }


def with_envelope(body: bytes, envelope: dict[str, Any]) -> Message:
    """The message of a body and what `envelope_of` gave.

    Raises:
        KeyError, ValueError, ArithmeticError: it gave no such JSON.
    """
    return Message(
        body,
        _properties(from_json(envelope["properties"])),
        str(envelope["exchange"]),
        str(envelope["routing_key"]),
    )


def _properties(told: FieldValue) -> Basic.Properties:
    if not isinstance(told, dict) or not told.keys() <= set(Basic.Properties.attributes()):
        raise ValueError("properties unknown to AMQP")
    properties = Basic.Properties()
    for name, value in told.items():
        setattr(properties, name, value)
    return properties


def _decoded(body: str) -> bytes:
    return base64.b64decode(body, validate=True)


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}
