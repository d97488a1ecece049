from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.dlq.dead_letters import ask, dead_letters
from worker.cli.dlq.options import By, Code, Type
from worker.cli.ends import read_end
from worker.cli.output import AS_JSON, print_json
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.messaging.dead_letters.errors import InvalidSelectionError

if TYPE_CHECKING:
    from worker.dead_letters.notes import NoteChange


def note(  # noqa: PLR0913 - one parameter for each option
    *,
    code: Code = None,
    type_: Type = None,
    owner: Annotated[str | None, typer.Option(help="Who has it.")] = None,
    text: Annotated[str | None, typer.Option(help="What is known of it.")] = None,
    ticket: Annotated[str | None, typer.Option(metavar="LINK", help="Where to read on.")] = None,
    mute: Annotated[
        object,
        typer.Option(
            parser=read_end,
            metavar="TIME",
            help="Keep it out of the alert until then, 2h is from now, or until a new one dies.",
        ),
    ] = None,
    unmute: Annotated[bool, typer.Option("--unmute", help="End the mute.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Take all of the note away.")] = False,
    by: By = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Note who has a group of dead letters, why, and mute it; an empty text takes one away."""
    if code is None and type_ is None:
        raise InvalidSelectionError("choose a group with --code, --type, or both")
    selection = Selection(code=code, type=type_)
    if clear:
        groups = ask(dead_letters(by).clear_notes(selection))
    else:
        change = _change(owner, text, ticket, mute, unmute=unmute)
        groups = ask(dead_letters(by).note(selection, change))
    if as_json:
        print_json([{"code": each[0], "type": each[1]} for each in groups])
        return
    if not groups:
        typer.echo("no such group has a note: nothing to do")
    for each in groups:
        typer.echo(f"{'cleared' if clear else 'noted'}: {' '.join(each)}")


def _change(
    owner: str | None, text: str | None, ticket: str | None, mute: object, *, unmute: bool
) -> "NoteChange":
    from datetime import datetime, timedelta

    from worker.dead_letters.notes import NoteChange

    assert mute is None or isinstance(mute, datetime | timedelta)
    change = NoteChange(owner, text, ticket, mute, unmute)
    if not change.as_values():
        raise InvalidSelectionError("say --owner, --text, --ticket, --mute, --unmute or --clear")
    if unmute and mute is not None:
        raise InvalidSelectionError("--unmute goes without --mute")
    return change
