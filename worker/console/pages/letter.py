import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from worker.console.bodies import BodyShown, show_body
from worker.console.errors import InvalidFieldError
from worker.console.visit import Visit
from worker.dead_letters.details import Details
from worker.dead_letters.responsibility import who_acts
from worker.domain.value_objects.group_note import GroupNote
from worker.infra.db.repositories.dead_letter_notes import Group
from worker.infra.messaging.dead_letters.dead_letter_line import envelope_of
from worker.infra.printable import printable


@dataclass(frozen=True, slots=True)
class CopyShown:
    """One dead letter; those of one id may differ."""

    details: Details
    who_acts: str | None
    note: GroupNote | None
    body: BodyShown
    properties: Mapping[str, str]


async def show_letter(visit: Visit) -> Response:
    """Everything about one; that it was opened is in the audit before the page is."""
    opened = await visit.letters.open(required(visit.asked, "id"))
    notes = await visit.letters.all_notes()
    return visit.page(
        "letter.html",
        handle=opened.copies[0].letter.handle,
        copies=[_show(details, notes) for details in opened.copies],
        audits=opened.audits,
        rehearsal=opened.rehearsal,
    )


async def download_body(visit: Visit) -> Response:
    """The bytes of a body, as a file that no browser shows."""
    opened = await visit.letters.open(required(visit.asked, "id"))
    bodies: Sequence[bytes] = [details.letter.message.body for details in opened.copies]
    return Response(
        bodies[0],
        media_type="application/octet-stream",
        headers={"Content-Disposition": 'attachment; filename="body.bin"'},
    )


def required(asked: Mapping[str, str], name: str) -> str:
    """A field of the address.

    Raises:
        InvalidFieldError: it is missing.
    """
    value = printable(asked.get(name, "").strip())
    if not value:
        raise InvalidFieldError(f"the address lacks {name}")
    return value


def _show(details: Details, notes: Mapping[Group, GroupNote]) -> CopyShown:
    letter = details.letter
    body = show_body(letter.message, letter.type, letter.detail)
    note = notes.get((letter.code, letter.type))
    return CopyShown(details, who_acts(letter.code), note, body, _properties(details))


def _properties(details: Details) -> dict[str, str]:
    """Properties and headers by name, as far as they have a value."""
    told = dict(envelope_of(details.letter.message)["properties"])
    told |= told.pop("headers", {})
    return {printable(name): _text(value) for name, value in told.items()}


def _text(value: object) -> str:
    return printable(value if isinstance(value, str) else json.dumps(value))
