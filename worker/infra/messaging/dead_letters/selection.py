"""Which dead letters a command is about."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from worker.infra.messaging.dead_letters.contents import read_car_id
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.printable import printable


@dataclass(frozen=True, slots=True)
class Selection:
    """None (or no ids) means no filter; filters are combined with AND.

    Ids are handles. Both bounds of the time are inclusive, and a dead letter without a known time
    is outside of any.
    """

    ids: tuple[str, ...] = ()
    code: str | None = None
    type: str | None = None
    car: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None

    def matches(self, letter: DeadLetter) -> bool:
        """Tells whether a dead letter meets every filter but the limit."""
        return (
            (not self.ids or letter.handle in self.ids)
            and self.code in {None, letter.code}
            and self.type in {None, letter.type}
            and self._is_in_time(letter.died_at)
            and (self.car is None or self.car == read_car_id(letter.message))
        )

    def as_document(self) -> dict[str, Any]:
        """What was asked for, in the JSON of the audit."""
        told = {name: _plain(value) for name, value in asdict(self).items() if value}
        return told or {"all": True}

    def _is_in_time(self, died_at: datetime | None) -> bool:
        if self.since is None and self.until is None:
            return True
        return (
            died_at is not None
            and (self.since is None or self.since <= died_at)
            and (self.until is None or died_at <= self.until)
        )


def _plain(value: object) -> object:
    match value:
        case tuple():
            return [_plain(item) for item in value]
        case datetime():
            return value.isoformat()
        case str():
            return printable(value)
        case _:
            return value


@dataclass(slots=True)
class Selector:
    """Picks the messages of one browse that match: the first ones, up to the limit."""

    selection: Selection
    count: int = 0
    missing_ids: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.missing_ids = set(self.selection.ids)

    def takes(self, letter: DeadLetter) -> bool:
        """Tells whether the next message is selected."""
        if self.selection.limit is not None and self.count >= self.selection.limit:
            return False
        if not self.selection.matches(letter):
            return False
        self.count += 1
        self.missing_ids.discard(letter.handle)
        return True


class SelectedKeys:
    """The messages that were selected when the command started, by message key.

    Each is taken as often as it was there: what arrives later, or is seen again, is not taken.
    """

    def __init__(self, keys: Iterable[bytes] = ()) -> None:
        self._left = Counter(keys)
        self._count = self._left.total()

    def __len__(self) -> int:
        return self._count

    def take(self, key: bytes) -> bool:
        """Tells whether such a message is still to be taken, and counts it as taken if so."""
        if not self._left[key]:
            return False
        self._left[key] -= 1
        self._count -= 1
        return True

    def put_back(self, key: bytes) -> None:
        """Undoes a `take`."""
        self._left[key] += 1
        self._count += 1
