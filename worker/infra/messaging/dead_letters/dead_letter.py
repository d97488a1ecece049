"""A message of the dead-letter queue, read as far as it can be read."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.bookkeeping import (
    ERROR_AT,
    ERROR_CODE,
    ERROR_DETAIL,
    NO_MESSAGE_ID,
    History,
)
from worker.infra.messaging.dead_letters.contents import read_names
from worker.infra.messaging.dead_letters.fingerprint import content_key, fingerprint
from worker.infra.messaging.delivery import Delivery
from worker.infra.messaging.topology import WORKER_EXCHANGE
from worker.infra.printable import printable

FOREIGN = "foreign"
"""The code of what neither the worker nor the broker put there."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What a person needs to know of it; instants are None where nobody noted them.

    `identity` is what the worker would record, None where it could not read one.
    """

    delivery: Delivery
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
        if NO_MESSAGE_ID in self.delivery.headers or not self.delivery.properties.message_id:
            return None
        return printable(self.delivery.properties.message_id)

    @property
    def handle(self) -> str:
        """By what name to ask for it: its message id, or what stands in for one."""
        return self.message_id or f"nameless-{self.content_key.hex()[:12]}"

    @property
    def source(self) -> str:
        """Who sent it, empty if it does not say."""
        if self.identity is not None:
            return printable(self.identity.source)
        return printable(self.delivery.properties.app_id or "")

    @property
    def content_key(self) -> bytes:
        """Equal for all copies of one message, whatever happened to each."""
        return content_key(self.delivery, self.identity, self.type)

    @property
    def fingerprint(self) -> bytes:
        """Equal for one dead letter however often it is looked at, another after each failure."""
        return fingerprint(self.delivery)


def read_dead_letter(delivery: Delivery) -> DeadLetter:
    """Reads any message whatever; what is missing or forged stays empty."""
    identity, type_ = read_names(delivery)
    told = _told_by_broker(delivery) or _told_by_worker(delivery)
    return DeadLetter(
        delivery,
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


def _told_by_worker(delivery: Delivery) -> _Told:
    headers = delivery.headers
    code, detail = headers.get(ERROR_CODE) or FOREIGN, headers.get(ERROR_DETAIL) or ""
    history = History.of(delivery, WORKER_EXCHANGE)
    return _Told(str(code), str(detail), headers.get(ERROR_AT), history)


def _told_by_broker(delivery: Delivery) -> _Told | None:
    """None where the broker did not move it here itself; the worker strips `x-death`.

    The headers are as the publisher wrote them then, and may claim any history.
    """
    noted = delivery.headers.get("x-death")
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
    if isinstance(noted, str):
        try:
            noted = datetime.fromisoformat(noted)
        except ValueError:
            return None
    return noted if isinstance(noted, datetime) and noted.tzinfo is not None else None
