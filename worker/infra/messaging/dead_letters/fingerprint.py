"""What tells messages apart when none of their ids can be relied on."""

from hashlib import blake2b

from pamqp.commands import Basic

from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.bookkeeping import NO_MESSAGE_ID
from worker.infra.messaging.delivery import Delivery

_BYTES = 16
_COUNTED_BY_THE_BROKER = ("x-delivery-count", "x-acquired-count")
"""Headers that change with every look."""


def content_key(delivery: Delivery, identity: MessageIdentity | None, type_: str) -> bytes:
    """Of who says what: the same before and after a message failed."""
    properties = delivery.properties
    message_id = None if NO_MESSAGE_ID in delivery.headers else properties.message_id
    named = identity or (properties.app_id, message_id)
    return _digest((tuple(named), type_), delivery.body)


def fingerprint(delivery: Delivery) -> bytes:
    """Of everything, with the time of its failure: the same in every look, and in no other copy."""
    headers = {
        name: value
        for name, value in delivery.headers.items()
        if name not in _COUNTED_BY_THE_BROKER
    }
    properties = [
        getattr(delivery.properties, name)
        for name in Basic.Properties.attributes()
        if name != "headers"
    ]
    return _digest((delivery.exchange, delivery.routing_key, properties, headers), delivery.body)


def _digest(described: object, body: bytes) -> bytes:
    digest = blake2b(repr(described).encode("utf-8", "surrogatepass"), digest_size=_BYTES)
    digest.update(body)
    return digest.digest()
