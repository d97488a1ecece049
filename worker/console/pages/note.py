"""What is noted of a group of dead letters, and the form that changes it."""

from datetime import datetime, timedelta

from starlette.datastructures import QueryParams
from starlette.responses import Response

from worker.console.choices import read_choice
from worker.console.errors import InvalidFieldError
from worker.console.visit import Visit, go_to
from worker.dead_letters.notes import NoteChange
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.domain.value_objects.group_note import GroupNote
from worker.infra.db.repositories.dead_letter_notes import Group
from worker.infra.printable import printable
from worker.infra.spans import parse_end

_FIELDS = ("owner", "text", "ticket", "mute")
_LONGEST = 1000


async def show_note(visit: Visit) -> Response:
    """The note of one group."""
    code, type_ = _read_group(visit.asked)
    return await _form(visit, code, type_)


async def write_note(visit: Visit) -> Response:
    """Writes it, or takes it away, and shows the letters of the group."""
    code, type_ = _read_group(visit.form)
    group = Selection(code=code, type=type_)
    if visit.form.get("clear"):
        await visit.letters.clear_notes(group)
        return go_to("/letters", code=code, type=type_)
    try:
        change = _read_change(visit.form)
    except InvalidFieldError as problem:
        return await _form(visit, code, type_, str(problem))
    await visit.letters.note(group, change)
    return go_to("/letters", code=code, type=type_)


async def _form(visit: Visit, code: str, type_: str, problem: str | None = None) -> Response:
    """With what was written, where that has a problem; else with what is noted."""
    note = (await visit.letters.all_notes()).get((code, type_))
    noted = dict.fromkeys(_FIELDS, "") | _noted(note, visit.visitor.name)
    return visit.page(
        "note.html",
        status=400 if problem else 200,
        code=code,
        type=type_,
        note=note,
        said={name: visit.form.get(name, "") for name in _FIELDS} if problem else noted,
        problem=problem,
    )


def _noted(note: GroupNote | None, visitor: str) -> dict[str, str]:
    if note is None:
        return {"owner": visitor}
    return {"owner": note.owner or "", "text": note.text or "", "ticket": note.ticket or ""}


def _read_group(given: QueryParams) -> Group:
    asked = read_choice(given).selection
    if asked.code is None or asked.type is None:
        raise InvalidFieldError("a note is about one code and one type: both must be given")
    return asked.code, asked.type


def _read_change(form: QueryParams) -> NoteChange:
    for name in ("owner", "text", "ticket"):
        if len(form.get(name, "")) > _LONGEST:
            raise InvalidFieldError(f"{name} is longer than {_LONGEST} characters")
    return NoteChange(
        owner=form.get("owner", ""),
        text=form.get("text", ""),
        ticket=form.get("ticket", ""),
        muted_until=_read_mute(form.get("mute", "").strip()),
        unmute=bool(form.get("unmute")),
    )


def _read_mute(told: str) -> datetime | timedelta | None:
    if not told:
        return None
    end = parse_end(told)
    if end is None:
        raise InvalidFieldError(
            f"mute: {printable(told)[:100]} is neither a length such as 12h nor an instant "
            "such as 2026-01-31T02:50Z"
        )
    return end
