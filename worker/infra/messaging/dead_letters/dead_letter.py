"""A message of the dead-letter queue, read as far as it can be read."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.contents import read_names
from worker.infra.messaging.dead_letters.keys import content_key, letter_key
from worker.infra.messaging.headers import ERROR_AT, ERROR_CODE, ERROR_DETAIL, NO_MESSAGE_ID
from worker.infra.messaging.history import History
from worker.infra.messaging.names import WORKER_EXCHANGE
from worker.infra.printable import printable

BROKER_CODES = tuple(
    f"broker:{reason}" for reason in ("rejected", "expired", "maxlen", "delivery_limit")
)
"""The codes of what RabbitMQ moved to the dead letters, by its reason."""

FOREIGN = "foreign"
"""The code of what neither the worker nor the broker put there."""


@dataclass(frozen=True, slots=True, eq=False)
class DeadLetter:
    """What a person needs to know of it; instants are None where nobody noted them.

    `identity` is what the worker would record, None where it could not read one.
    """

    message: Message
    identity: MessageIdentity | None
    type: str
    code: str
    detail: str
    died_at: datetime | None
    first_failed_at: datetime | None
    history: History

    @property
    def message_id(self) -> str | None:
        """The id that its publisher gave it, None for a message without."""
        if self.identity is not None:
            return printable(self.identity.message_id)
        if NO_MESSAGE_ID in self.message.headers or not self.message.properties.message_id:
            return None
        return printable(self.message.properties.message_id)

    @property
    def handle(self) -> str:
        """By what name to ask for it: its message id, or what stands in for one."""
        return self.message_id or f"nameless-{self.content_key.hex()[:12]}"

    @property
    def source(self) -> str:
        """Who sent it, empty if it does not say."""
        if self.identity is not None:
            return printable(self.identity.source)
        return printable(self.message.properties.app_id or "")

    @property
    def content_key(self) -> bytes:
        """Equal for all copies of one message, whatever happened to each."""
        return content_key(self.message, self.identity, self.type)

    @property
    def key(self) -> bytes:
        """Equal for one dead letter however often it is delivered, another after each failure."""
        return letter_key(self.message)


def read_dead_letter(message: Message) -> DeadLetter:
    """Reads any message whatever; what is missing or forged stays empty."""
    identity, type_ = read_names(message)
    told = _told_by_broker(message) or _told_by_worker(message)
    return DeadLetter(
        message,
        identity,
        printable(type_),
        printable(told.code),
        printable(told.detail),
        _instant(told.died_at),
        _instant(told.history.first_error_at or told.died_at),
        told.history,
    )


class _Told(NamedTuple):
    code: str
    detail: str
    died_at: object
    history: History


def _told_by_worker(message: Message) -> _Told:
    headers = message.headers
    code, detail = headers.get(ERROR_CODE) or FOREIGN, headers.get(ERROR_DETAIL) or ""
    history = History.of(message, WORKER_EXCHANGE)
    return _Told(str(code), str(detail), headers.get(ERROR_AT), history)


def _told_by_broker(message: Message) -> _Told | None:
    """None where the broker did not move it here itself; the worker strips `x-death`.

    The headers are as the publisher wrote them then, and may claim any history.
    """
    noted = message.headers.get("x-death")
    deaths = (
        [death for death in noted if isinstance(death, dict)] if isinstance(noted, list) else []
    )
    if not deaths:
        return None
    last, first = deaths[0], deaths[-1]
    keys = first.get("routing-keys")
    key = str(keys[0]) if isinstance(keys, list) and keys else ""
    return _Told(
        "broker:" + str(last.get("reason")),
        "RabbitMQ moved it here from queue " + str(last.get("queue")),
        last.get("time"),
        History(0, 0, None, str(first.get("exchange", "")), key),
    )


def _instant(noted: object) -> datetime | None:
    try:
        if isinstance(noted, str):
            noted = datetime.fromisoformat(noted)
        if not isinstance(noted, datetime) or noted.tzinfo is None:
            return None
        return noted.astimezone(UTC)
    except (ValueError, OverflowError):  # beyond the years 1 and 9999 in UTC
        return None
