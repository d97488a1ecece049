from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from worker.dead_letters.ordering import in_order
from worker.domain.value_objects.dead_letter_order import DeadLetterOrder


@dataclass(frozen=True)
class Group:
    code: str
    type: str
    messages: int
    oldest: datetime | None
    newest: datetime | None


def _day(day: int) -> datetime:
    return datetime(2026, 1, day, tzinfo=UTC)


GROUPS = [
    Group("b", "x", 1, _day(1), _day(9)),
    Group("a", "z", 3, None, None),
    Group("c", "y", 2, _day(2), _day(3)),
]


@pytest.mark.parametrize(
    ("order", "codes"),
    [
        (None, "bac"),
        (DeadLetterOrder.MESSAGES, "acb"),
        (DeadLetterOrder.OLDEST, "bca"),
        (DeadLetterOrder.NEWEST, "bca"),
        (DeadLetterOrder.CODE, "abc"),
        (DeadLetterOrder.TYPE, "bca"),
    ],
)
def test_what_has_no_time_is_last_and_names_go_by_the_alphabet(
    order: DeadLetterOrder | None, codes: str
) -> None:
    assert "".join(group.code for group in in_order(GROUPS, order)) == codes
