"""A message is changed, checked, compared, and sent in the place of a dead letter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from hashlib import sha256

from starlette.responses import Response

from worker.console.errors import NotFoundError
from worker.console.pages.letter import required
from worker.console.visit import Visit, go_to
from worker.dead_letters.dead_letters import DeadLetters
from worker.dead_letters.errors import AppliedMeanwhileError
from worker.dead_letters.import_rehearsal import ImportRehearsal
from worker.infra.messaging.dead_letters.canonical_json import canonical, indented
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.dead_letter_file import InvalidLineError
from worker.infra.messaging.dead_letters.dead_letter_line import told_data
from worker.infra.messaging.dead_letters.editing import Edit
from worker.infra.messaging.events.json_text import MalformedJsonError, parse_json
from worker.infra.messaging.events.wire_events import EVENT_TYPES
from worker.infra.printable import printable


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a comparison: `kind` is `same`, `gone` or `new`."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What is found of an edit: a problem, or the comparison and what would become of it."""

    problem: str | None = None
    diff: Sequence[DiffLine] = ()
    rehearsal: ImportRehearsal | None = None


async def show_edit(visit: Visit) -> Response:
    """The form, filled with what the message says."""
    opened = await visit.letters.open(required(visit.asked, "id"))
    letter = _pick([copy.letter for copy in opened.copies], visit.asked.get("copy"))
    return _form(visit, letter, _said(letter), None)


async def check_edit(visit: Visit) -> Response:
    """The form again, with what would change."""
    letter = await _find(visit)
    said = _form_fields(visit.form)
    return _form(visit, letter, said, await _check(visit.letters, letter, said))


async def send_edit(visit: Visit) -> Response:
    """Sends what was checked, if it is still right; else shows the form again."""
    letter = await _find(visit)
    said = _form_fields(visit.form)
    checked = await _check(visit.letters, letter, said)
    if checked.problem is not None or visit.form.get("checked") != _mark_of(said):
        return _form(visit, letter, said, checked)
    report = await visit.letters.send_edit(letter, _edit_of(said))
    return go_to(f"/audit/{report.audit_id}")


def compare(before: Sequence[str], after: Sequence[str]) -> list[DiffLine]:
    """Line by line, those that are gone before those that are new."""
    lines = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            lines += [DiffLine("same", text) for text in before[start:end]]
        else:
            lines += [DiffLine("gone", text) for text in before[start:end]]
            lines += [DiffLine("new", text) for text in after[new_start:new_end]]
    return lines


async def _check(letters: DeadLetters, letter: DeadLetter, said: Mapping[str, str]) -> Checked:
    try:
        edit = _edit_of(said)
        rehearsal = await letters.rehearse_edit(letter, edit)
    except MalformedJsonError as malformed:
        return Checked(f"data is not JSON: {malformed}")
    except InvalidLineError as invalid:
        return Checked(str(invalid).removeprefix("line 1").removeprefix(":").strip())
    except AppliedMeanwhileError as late:
        return Checked(f"message {late.message_id} was applied already, as it was or edited")
    if rehearsal is None:
        return Checked("nothing is changed: replay it instead")
    diff = compare(_lines(_said(letter)), _lines({**said, "data": edit.data}))
    return Checked(None, diff, rehearsal)


def _form(
    visit: Visit, letter: DeadLetter, said: Mapping[str, str], checked: Checked | None
) -> Response:
    is_wrong = checked is not None and checked.problem is not None
    return visit.page(
        "edit.html",
        status=400 if is_wrong else 200,
        letter=letter,
        copy=letter.content_key.hex(),
        said=said,
        checked=checked,
        mark=_mark_of(said),
        types=tuple(EVENT_TYPES),
    )


async def _find(visit: Visit) -> DeadLetter:
    """The letter of the form.

    Raises:
        NothingSelectedError: it is no longer there.
    """
    copies = await visit.letters.details(required(visit.form, "id"))
    return _pick([copy.letter for copy in copies], visit.form.get("copy"))


def _pick(letters: Sequence[DeadLetter], copy: str | None) -> DeadLetter:
    """The one with this content; the first without one."""
    for letter in letters:
        if not copy or letter.content_key.hex() == copy:
            return letter
    raise NotFoundError("the dead letter is no longer there as it was: open it again")


def _said(letter: DeadLetter) -> dict[str, str]:
    """What its event says; a body that cannot be read is to be written anew."""
    data = told_data(letter)
    shown = "{\n}" if data is None else _in_lines(data)
    return {"type": letter.type, "source": letter.source, "data": shown}


def _in_lines(data: str) -> str:
    try:
        return indented(parse_json(data.encode()))
    except MalformedJsonError:  # nested too deep for that
        return data


def _form_fields(form: Mapping[str, str]) -> dict[str, str]:
    names = ("type", "source", "data")
    return {name: form.get(name, "").replace("\r\n", "\n").strip() for name in names}


def _mark_of(said: Mapping[str, str]) -> str:
    """Tells whether what is sent is what was compared."""
    return sha256("\0".join(said.values()).encode()).hexdigest()


def _edit_of(said: Mapping[str, str]) -> Edit:
    """Raises MalformedJsonError."""
    data = canonical(parse_json(said["data"].encode()))
    return Edit(said["type"], said["source"], data)


def _lines(said: Mapping[str, str]) -> list[str]:
    data = _in_lines(said["data"]).splitlines()
    told = [f"type: {said['type']}", f"source: {said['source']}", *data]
    return [printable(line) for line in told]
