"""The headers that carry a message's history from queue to queue."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pamqp.common import FieldTable, FieldValue

from worker.application.outcomes import Failure
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.headers import (
    ATTEMPTS,
    ERROR_AT,
    ERROR_CODE,
    ERROR_DETAIL,
    FIRST_ERROR_AT,
    ORIGINAL_EXCHANGE,
    ORIGINAL_ROUTING_KEY,
    REPLACES,
    REPLAYS,
    WORKER_VERSION,
)

_LONGEST_DETAIL_BYTES = 2048
_LONGEST_NAME = 4 * 255
"""A name has at most 255 bytes on the wire; each may be escaped as `\\xff`."""


@dataclass(frozen=True, slots=True)
class History:
    """Earlier attempts at a message; `first_error_at` is None if there were none."""

    attempts: int
    replays: int
    first_error_at: str | None
    original_exchange: str
    original_routing_key: str
    replaces: FieldValue = None

    @classmethod
    def of(cls, message: Message, worker_exchange: str) -> Self:
        """Reads the history, only from a message that came through our own exchange.

        A publisher may set any header; attempts or replays that it claims are ignored.
        """
        headers = message.headers if message.exchange == worker_exchange else {}
        exchange, routing_key = (
            _text(headers, ORIGINAL_EXCHANGE),
            _text(headers, ORIGINAL_ROUTING_KEY),
        )
        return cls(
            attempts=_count(headers, ATTEMPTS),
            replays=_count(headers, REPLAYS),
            first_error_at=_text(headers, FIRST_ERROR_AT),
            original_exchange=_printable(message.exchange if exchange is None else exchange),
            original_routing_key=_printable(
                message.routing_key if routing_key is None else routing_key
            ),
            replaces=headers.get(REPLACES),
        )

    def headers_after(self, failure: Failure, now: datetime, version: str) -> FieldTable:
        """The headers of the next copy, after one more failed attempt."""
        at = now.isoformat(timespec="milliseconds")
        return {
            ERROR_CODE: str(failure.code),
            ERROR_DETAIL: _cut(failure.detail),
            ERROR_AT: at,
            FIRST_ERROR_AT: self.first_error_at or at,
            ATTEMPTS: self.attempts + 1,
            REPLAYS: self.replays,
            ORIGINAL_EXCHANGE: self.original_exchange,
            ORIGINAL_ROUTING_KEY: self.original_routing_key,
            WORKER_VERSION: version,
            **({} if self.replaces is None else {REPLACES: self.replaces}),
        }


def _count(headers: FieldTable, name: str) -> int:
    value = headers.get(name)
    return value if isinstance(value, int) and 0 <= value < 2**31 else 0


def _text(headers: FieldTable, name: str) -> str | None:
    value = headers.get(name)
    return value if isinstance(value, str) and len(value) <= _LONGEST_NAME else None


def _printable(name: str) -> str:
    r"""A routing key or exchange that can be republished: bytes that are not UTF-8 as `\xff`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _cut(text: str) -> str:
    return text.encode("utf-8", "replace")[:_LONGEST_DETAIL_BYTES].decode("utf-8", "ignore")
