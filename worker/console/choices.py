"""Which dead letters an address is about: the same fields everywhere, so that links stay true."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.datastructures import QueryParams

from worker.console.errors import InvalidFieldError
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.clocks import utc_now
from worker.infra.db.repositories.dead_letter_pages import PagePosition
from worker.infra.printable import printable
from worker.infra.spans import parse_span

NO_SOURCE = "no-source"
"""Set for letters that name no source: an empty field of a form filters nothing."""

NEWEST_ROW = "newest-row"
"""Set once a choice is frozen."""

_LONGEST = 1000
_HIGHEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Choice:
    """A selection, and the fields of the address that say it."""

    selection: Selection
    fields: Mapping[str, str | list[str]]
    has_ages: bool

    @property
    def is_everything(self) -> bool:
        """Whether nothing is filtered."""
        return self.selection == Selection()


def read_choice(given: QueryParams) -> Choice:
    """Reads the fields; ages become instants, so that the address says the same tomorrow.

    Raises:
        InvalidFieldError: a time cannot be read, or a field is too long.
    """
    selection = Selection(
        ids=tuple(dict.fromkeys(printable(id_) for id_ in given.getlist("id") if id_)),
        code=_text(given, "code"),
        type=_text(given, "type"),
        car=_text(given, "car"),
        since=_instant(given, "since"),
        until=_instant(given, "until"),
        source="" if given.get(NO_SOURCE) else _text(given, "source"),
        text=_text(given, "text"),
        newest_row=read_id(given, NEWEST_ROW),
    )
    has_ages = any(parse_span(given.get(name, "").strip()) for name in ("since", "until"))
    return Choice(selection, fields_of(selection), has_ages)


def fields_of(selection: Selection) -> dict[str, str | list[str]]:
    """The fields that `read_choice` reads the selection from."""
    told: dict[str, str | list[str] | None] = {
        "id": list(selection.ids) or None,
        "code": selection.code,
        "type": selection.type,
        "source": selection.source or None,
        NO_SOURCE: "1" if selection.source == "" else None,
        "car": selection.car,
        "since": _told(selection.since),
        "until": _told(selection.until),
        "text": selection.text,
        NEWEST_ROW: None if selection.newest_row is None else str(selection.newest_row),
    }
    return {name: value for name, value in told.items() if value is not None}


def read_position(given: QueryParams) -> PagePosition:
    """Which page of a list."""
    return PagePosition(read_id(given, "older-than"), read_id(given, "newer-than"))


def read_id(given: Mapping[str, str], name: str) -> int | None:
    """The number of a row; None without one.

    Raises:
        InvalidFieldError: it is none.
    """
    value = given.get(name, "")
    if not value:
        return None
    number = parse_number(value, _HIGHEST_ID)
    if number is None:
        raise InvalidFieldError(f"{name}: {printable(value)[:100]} is no number of a row")
    return number


def parse_number(text: str, most: int) -> int | None:
    """Reads digits; None if it is anything else, or more."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    return int(text) if is_number and int(text) <= most else None


def _text(given: Mapping[str, str], name: str) -> str | None:
    value = printable(given.get(name, "").strip())
    if len(value) > _LONGEST:
        raise InvalidFieldError(f"{name} is longer than {_LONGEST} characters")
    return value or None


def _instant(given: Mapping[str, str], name: str) -> datetime | None:
    """An instant, in UTC if it names no offset; or an age, from now."""
    value = given.get(name, "").strip()
    if not value:
        return None
    try:
        if age := parse_span(value):
            return (utc_now() - age).replace(microsecond=0)
        instant = datetime.fromisoformat(value)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidFieldError(
            f"{name}: {printable(value)[:100]} is neither an instant such as "
            "2026-01-31T02:50:00Z nor an age such as 30m, 2h or 7d"
        ) from None


def _told(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")
