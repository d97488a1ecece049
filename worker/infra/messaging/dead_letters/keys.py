"""What tells messages apart when none of their ids can be relied on."""

from contextlib import suppress
from hashlib import blake2b

from pamqp.commands import Basic
from pamqp.common import FieldValue

from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.headers import DEAD_LETTER_KEY, NO_MESSAGE_ID

_BYTES = 16
_COUNTED_BY_THE_BROKER = ("x-delivery-count", "x-acquired-count")
"""Headers that change with every browse."""


def content_key(message: Message, identity: MessageIdentity | None, type_: str) -> bytes:
    """Of who says what: the same before and after a message failed."""
    properties = message.properties
    message_id = None if NO_MESSAGE_ID in message.headers else properties.message_id
    named = identity or (properties.app_id, message_id)
    return _digest((tuple(named), type_), message.body)


def letter_key(message: Message) -> bytes:
    """Of a dead letter: the key that the worker gave it, else that of all that it holds.

    One that the broker moved here has the headers of its publisher, who may claim any key.
    """
    noted = message.headers.get(DEAD_LETTER_KEY)
    if isinstance(noted, str) and len(noted) == 2 * _BYTES and "x-death" not in message.headers:
        with suppress(ValueError):
            return bytes.fromhex(noted)
    return message_key(message)


def message_key(message: Message) -> bytes:
    """Of everything but what the broker counts: the same at every delivery.

    The order of headers plays no part: RabbitMQ 3.10 sorts them when it adds its count.
    """
    headers = {
        name: value for name, value in message.headers.items() if name not in _COUNTED_BY_THE_BROKER
    }
    properties = [
        getattr(message.properties, name)
        for name in Basic.Properties.attributes()
        if name != "headers"
    ]
    described = message.exchange, message.routing_key, properties, _sorted(headers)
    return _digest(described, message.body)


def _sorted(value: FieldValue) -> object:
    """Equal for equal tables, whatever the order of their fields."""
    match value:
        case dict():
            return [(name, _sorted(value[name])) for name in sorted(value)]
        case list():
            return [_sorted(item) for item in value]
        case _:
            return value


def _digest(described: object, body: bytes) -> bytes:
    digest = blake2b(repr(described).encode("utf-8", "surrogatepass"), digest_size=_BYTES)
    digest.update(body)
    return digest.digest()
