import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from worker.infra.messaging.dead_letters.errors import InvalidSelectionError

if TYPE_CHECKING:
    from worker.dead_letters.dead_letters import DeadLetters

T = TypeVar("T")


def dead_letters(by: str | None = None) -> "DeadLetters":
    """The dead letters of the worker that the environment describes."""
    from worker.dead_letters.dead_letters import DeadLetters
    from worker.settings import read_settings

    return DeadLetters(read_settings(), by=by, on_wait=_say_waiting)


def ask(question: Coroutine[Any, Any, T]) -> T:
    """Runs a call; names that it refuses are told with their options, as typed."""
    from worker.dead_letters.errors import UnknownNameError

    try:
        return asyncio.run(question)
    except UnknownNameError as unknown:
        raise InvalidSelectionError(f"--{unknown.filter} {unknown.problem}") from None


def _say_waiting() -> None:
    typer.echo("waiting: another command is looking at the dead letters", err=True)
