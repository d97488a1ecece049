"""What tells messages apart when none of their ids can be relied on."""

from hashlib import blake2b

from pamqp.commands import Basic
from pamqp.common import FieldValue

from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.headers import NO_MESSAGE_ID

_BYTES = 16
_COUNTED_BY_THE_BROKER = ("x-delivery-count", "x-acquired-count")
"""Headers that change with every browse."""


def content_key(message: Message, identity: MessageIdentity | None, type_: str) -> bytes:
    """Of who says what: the same before and after a message failed."""
    properties = message.properties
    message_id = None if NO_MESSAGE_ID in message.headers else properties.message_id
    named = identity or (properties.app_id, message_id)
    return _digest((tuple(named), type_), message.body)


def message_key(message: Message) -> bytes:
    """Of everything, with the time of its failure: the same in every browse and no other copy.

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
