from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class GroupNote:
    """What operators noted of the dead letters of one code and type.

    `new_since` counts those that died, or died again, after the note. `is_muted` is true until
    `muted_until`, or until there is a new one.
    """

    owner: str | None
    text: str | None
    ticket: str | None
    muted_until: datetime | None
    noted_by: str
    noted_at: datetime
    new_since: int
    is_muted: bool
