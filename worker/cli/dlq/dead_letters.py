from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from worker.dead_letters.dead_letters import DeadLetters


def dead_letters(by: str | None = None) -> "DeadLetters":
    """The dead letters of the worker that the environment describes."""
    from worker.dead_letters.dead_letters import DeadLetters
    from worker.settings import read_settings

    return DeadLetters(read_settings(), by=by, on_wait=_say_waiting)


def _say_waiting() -> None:
    typer.echo("waiting: another command is looking at the dead letters", err=True)
