"""The copy of a dead letter that goes back to the main queue."""

from dataclasses import replace

from pamqp.common import FieldTable

from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.amqp.republished import republished_properties
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.headers import (
    FIRST_ERROR_AT,
    ORIGINAL_EXCHANGE,
    ORIGINAL_ROUTING_KEY,
    REPLACES,
    REPLAYS,
)
from worker.infra.messaging.names import MAIN_QUEUE, WORKER_EXCHANGE


def replayed(letter: DeadLetter) -> Message:
    """The message as the worker will receive it: its own content, one more replay.

    What its publisher wanted of the first copy (to expire, to be answered, to prove who sent
    it) stays set aside in `x-original-*`: none of it would come true for this one. Nobody
    gives an id to a message that has none.
    """
    return replace(
        letter.message,
        properties=republished_properties(letter.message.properties, _bookkeeping(letter)),
        exchange=WORKER_EXCHANGE,
        routing_key=MAIN_QUEUE,
    )


def _bookkeeping(letter: DeadLetter) -> FieldTable:
    history = letter.history
    kept: FieldTable = {
        REPLAYS: history.replays + 1,
        ORIGINAL_EXCHANGE: history.original_exchange,
        ORIGINAL_ROUTING_KEY: history.original_routing_key,
    }
    if history.first_error_at is not None:
        kept[FIRST_ERROR_AT] = history.first_error_at
    if history.replaces is not None:
        kept[REPLACES] = history.replaces
    return kept
