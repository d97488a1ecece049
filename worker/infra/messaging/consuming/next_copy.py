"""Where a failed message goes next, and what it looks like there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from worker import __version__
from worker.application.outcomes import Failure
from worker.domain.error_code import ErrorCode
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.amqp.republished import republished_properties
from worker.infra.messaging.dead_letters.keys import message_key
from worker.infra.messaging.headers import DEAD_LETTER_KEY
from worker.infra.messaging.history import History
from worker.infra.messaging.names import DEAD_LETTER_QUEUE, WORKER_EXCHANGE, retry_queue
from worker.infra.messaging.retry_delays import RetryDelay

MAY_SUCCEED_LATER = frozenset({ErrorCode.UNKNOWN_TYPE, ErrorCode.UNEXPECTED_ERROR})
"""A newer worker may know the type, a bug may be fixed."""


@dataclass(frozen=True, slots=True, eq=False)
class NextCopy:
    """The message as it is published for another try, or as a dead letter."""

    message: Message

    @property
    def queue(self) -> str:
        """Where it goes."""
        return self.message.routing_key

    @property
    def is_dead(self) -> bool:
        """Whether nobody tries it again."""
        return self.queue == DEAD_LETTER_QUEUE


def next_copy(
    message: Message, failure: Failure, delays: Sequence[RetryDelay], now: datetime
) -> NextCopy:
    """The copy of a message that has just failed.

    A dead letter carries the key of the failed message: the same after a redelivery.
    """
    history = History.of(message, WORKER_EXCHANGE)
    queue = next_queue(failure, history, delays)
    headers = history.headers_after(failure, now, __version__)
    if queue == DEAD_LETTER_QUEUE:
        headers[DEAD_LETTER_KEY] = message_key(message).hex()
    properties = republished_properties(message.properties, headers)
    return NextCopy(Message(message.body, properties, WORKER_EXCHANGE, queue))


def next_queue(failure: Failure, history: History, delays: Sequence[RetryDelay]) -> str:
    """The queue for the next copy of a failed message.

    A replayed message that fails again skips the retries, because it had them before.
    """
    if failure.code in MAY_SUCCEED_LATER and not history.replays and history.attempts < len(delays):
        return retry_queue(delays[history.attempts])
    return DEAD_LETTER_QUEUE
