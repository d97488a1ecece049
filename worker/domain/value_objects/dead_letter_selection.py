from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dead letters: None (or no ids) means no filter; filters are combined with AND.

    Ids are handles. Both bounds of the time are inclusive, and a dead letter without a known time
    is outside of any. `limit` takes the oldest. `source` may be empty, as that of a message may;
    `text` is found in id, detail (ignoring case) or body. `newest_row` leaves out what died after
    somebody looked: `dead_letter_pages.count_letters` tells it.
    """

    ids: tuple[str, ...] = ()
    code: str | None = None
    type: str | None = None
    car: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None
    source: str | None = None
    text: str | None = None
    newest_row: int | None = None
