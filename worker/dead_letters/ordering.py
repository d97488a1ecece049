"""Puts dead letters, or groups of them, in the order that an operator wants."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from worker.domain.value_objects.dead_letter_order import DeadLetterOrder

_NEVER = datetime.max.replace(tzinfo=UTC)


class Listed(Protocol):
    """What a list shows; of one letter, `oldest` and `newest` are the same."""

    @property
    def code(self) -> str: ...  # noqa: D102 - the name says it
    @property
    def type(self) -> str: ...  # noqa: D102 - as above
    @property
    def messages(self) -> int: ...  # noqa: D102 - as above
    @property
    def oldest(self) -> datetime | None: ...  # noqa: D102 - as above
    @property
    def newest(self) -> datetime | None: ...  # noqa: D102 - as above


L = TypeVar("L", bound=Listed)

_KEYS: dict[DeadLetterOrder, Callable[[Listed], Any]] = {
    DeadLetterOrder.MESSAGES: lambda listed: -listed.messages,
    DeadLetterOrder.OLDEST: lambda listed: listed.oldest or _NEVER,
    DeadLetterOrder.NEWEST: lambda listed: -listed.newest.timestamp() if listed.newest else 0.0,
    DeadLetterOrder.CODE: lambda listed: (listed.code, listed.type),
    DeadLetterOrder.TYPE: lambda listed: (listed.type, listed.code),
}


def in_order(listed: Iterable[L], order: DeadLetterOrder | None) -> list[L]:
    """None leaves the order; equal ones keep theirs, and those without a time are last."""
    return list(listed) if order is None else sorted(listed, key=_KEYS[order])
