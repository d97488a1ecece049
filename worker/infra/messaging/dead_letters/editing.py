"""A dead letter that a person has edited: a message of its own, in the place of the first."""

from dataclasses import dataclass, replace
from hashlib import blake2b

from pamqp.commands import Basic
from pamqp.common import FieldTable

from worker.application.commands import CommandMessage
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.replayed import replayed
from worker.infra.messaging.events.decoding import Decoder
from worker.infra.messaging.events.envelope import CLOUD_EVENT_PREFIXES
from worker.infra.messaging.events.replacement import replacement_header
from worker.infra.messaging.headers import REPLACES


@dataclass(frozen=True, slots=True)
class Edit:
    """What the event shall say instead; `data` is JSON on one line."""

    type: str
    source: str
    data: str


def edited(letter: DeadLetter, edit: Edit, decoder: Decoder) -> Message:
    """The message in the plain form of the contract, under an id of its own.

    The id follows from what it replaces and what it says: the same edit twice is one message.
    """
    again = replayed(letter)
    replaced = root_of(letter)
    properties = {
        name: getattr(again.properties, name)
        for name in ("priority", "correlation_id", "timestamp", "delivery_mode")
    }
    return replace(
        again,
        body=edit.data.encode(),
        properties=Basic.Properties(
            **properties,
            content_type="application/json",
            message_type=edit.type,
            message_id=edited_id(replaced, edit),
            app_id=edit.source or None,
            headers=_headers(again, letter, replaced, decoder),
        ),
    )


def root_of(letter: DeadLetter) -> MessageIdentity:
    """The message that all edits of it replace: of an edited edit, the one its publisher sent.

    Raises:
        ValueError: it has no id, and nobody gives it one.
    """
    match letter.history.replaces:
        case {"source": str(source), "message_id": str(message_id)}:
            return MessageIdentity(source, message_id)
    if letter.message_id is None:
        raise ValueError("has no message id that an edit could follow from")
    return letter.identity or MessageIdentity(letter.source, letter.message_id)


def edited_id(replaced: MessageIdentity, edit: Edit) -> str:
    """The id of an edit."""
    told = repr((*replaced, edit.type, edit.source, edit.data))
    return f"edit-{blake2b(told.encode(), digest_size=16).hexdigest()}"


def _headers(
    again: Message, letter: DeadLetter, replaced: MessageIdentity, decoder: Decoder
) -> FieldTable:
    """Those of the replay; the event is no CloudEvent any more."""
    headers = {
        name: value
        for name, value in again.headers.items()
        if not name.startswith(CLOUD_EVENT_PREFIXES)
    }
    if letter.history.replaces is None:
        content = decoder.try_decode(again)
        digest = content.digest if isinstance(content, CommandMessage) else None
        headers[REPLACES] = replacement_header(replaced, digest)
    return headers
