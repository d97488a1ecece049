"""What `dlq list` prints."""

from dataclasses import asdict, astuple
from typing import TYPE_CHECKING, Any

import typer

from worker.cli.dlq.note_words import describe
from worker.cli.output import print_json, print_table
from worker.dead_letters.ordering import in_order
from worker.domain.value_objects.dead_letter_order import DeadLetterOrder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.dead_letters.listing import Listing
    from worker.infra.db.repositories.dead_letter_groups import DeadLetterGroup
    from worker.infra.db.repositories.dead_letter_summaries import DeadLetterSummary


GROUP = (
    *("code", "type", "#messages", "#distinct", "#recorded", "oldest", "newest"),
    *("#attempts", "#replays", "sample id", "sample detail", "#vanished"),
)
LETTER = (
    *("id", "source", "code", "type", "car", "#messages", "died at", "#attempts", "#replays"),
    *("detail", "vanished"),
)


def print_groups(
    listing: "Listing[DeadLetterGroup]", order: DeadLetterOrder | None, *, as_json: bool
) -> None:
    """Prints the groups by code and type."""
    groups = in_order(listing.listed, order)
    if as_json:
        noted = [{**asdict(group), "note": _note_document(listing, group)} for group in groups]
        print_json(_document(listing, "groups", noted))
        return
    first = ("code", "messages", "type", "vanished", "newest", "oldest")
    print_table(_title(listing), GROUP, [astuple(group) for group in groups], first=first)
    _print_notes(listing, groups)
    _print_awaited(listing)


def print_letters(
    listing: "Listing[DeadLetterSummary]", order: DeadLetterOrder | None, *, as_json: bool
) -> None:
    """Prints single ones."""
    letters = in_order(listing.listed, order)
    if as_json:
        print_json(_document(listing, "letters", [asdict(letter) for letter in letters]))
        return
    rows = [(*astuple(letter)[:-1], "yes" if letter.is_vanished else None) for letter in letters]
    print_table(_title(listing), LETTER, rows, first=("id", "code", "died at", "car"))
    _print_awaited(listing)


def _note_document(
    listing: "Listing[DeadLetterGroup]", group: "DeadLetterGroup"
) -> dict[str, Any] | None:
    note = listing.notes.get((group.code, group.type))
    return None if note is None else asdict(note)


def _print_notes(listing: "Listing[DeadLetterGroup]", groups: "Sequence[DeadLetterGroup]") -> None:
    for group in groups:
        note = listing.notes.get((group.code, group.type))
        if note is not None:
            typer.echo(f"{group.code} {group.type}: {describe(note)}")


def _document(listing: "Listing[Any]", name: str, listed: list[Any]) -> dict[str, Any]:
    return {
        "total": listing.total,
        "vanished": listing.vanished,
        "muted": listing.muted,
        "awaited": listing.awaited,
        name: listed,
    }


def _print_awaited(listing: "Listing[Any]") -> None:
    for died_of, cars in listing.awaited.items():
        typer.echo(f"{cars} cars: their creation is a dead letter, {died_of}")


def _title(listing: "Listing[Any]") -> str:
    total, listed = listing.total, sum(item.messages for item in listing.listed)
    title = f"{total} dead letters" if listed == total else f"{listed} of {total} dead letters"
    if listing.muted:
        title += f", {listing.muted} of all are muted"
    if listing.vanished:
        title += f", {listing.vanished} of all have vanished from the queue and can be replayed"
    return title
