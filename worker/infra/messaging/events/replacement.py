"""An edited message names the one that it replaces, so that only one of them is applied."""

from dataclasses import replace

from pamqp.common import FieldTable

from worker.application.commands import CommandMessage, Replaced
from worker.domain.error_code import ErrorCode
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.events.invalid_message import InvalidMessageError
from worker.infra.messaging.headers import REPLACES
from worker.infra.messaging.names import WORKER_EXCHANGE


def replacement_header(replaced: MessageIdentity, digest: bytes | None) -> FieldTable:
    """The value of `x-replaces`; `digest` is None if the message was not a command."""
    table: FieldTable = {"source": replaced.source, "message_id": replaced.message_id}
    return table if digest is None else {**table, "digest": digest.hex()}


def with_replaced(decoded: CommandMessage, message: Message) -> CommandMessage:
    """The command message, with the message that it replaces.

    Only messages from our own exchange may replace others: a publisher who set the header could
    have the ids of others recorded, so that their messages are ignored.

    Raises:
        InvalidMessageError: the header is not as `dlq import` writes it.
    """
    if message.exchange != WORKER_EXCHANGE or REPLACES not in message.headers:
        return decoded
    match message.headers[REPLACES]:
        case {"source": str(source), "message_id": str(id_), **rest}:
            digest = rest.get("digest")
            replaced = MessageIdentity(source, id_)
            if replaced == decoded.identity:  # both would be one row: PostgreSQL adds one of them
                raise _invalid()
            return replace(decoded, replaces=Replaced(replaced, _digest(digest) or decoded.digest))
        case _:
            raise _invalid()


def _digest(value: object) -> bytes | None:
    try:
        return None if value is None else bytes.fromhex(str(value))
    except ValueError:
        raise _invalid() from None


def _invalid() -> InvalidMessageError:
    return InvalidMessageError(
        ErrorCode.INVALID_EVENT, f"{REPLACES}: not as `inventory-worker dlq import` writes it"
    )
