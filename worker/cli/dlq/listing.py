import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from typing import Annotated

import typer

from worker.cli.dlq.dead_letters import ask, dead_letters
from worker.cli.dlq.list_tables import print_groups, print_letters
from worker.cli.dlq.options import (
    Car,
    Code,
    Ids,
    IdsFrom,
    Limit,
    Since,
    Source,
    Text,
    Type,
    Until,
    chosen_ids,
)
from worker.cli.output import AS_JSON
from worker.domain.value_objects.dead_letter_order import DeadLetterOrder
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.clocks import utc_now
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.dead_letters.errors import InvalidSelectionError

CLEAR = "\x1b[H\x1b[2J\x1b[3J"
"""Empties the screen of a terminal, and what was scrolled out of it."""


def list_dead_letters(  # noqa: PLR0913 - one parameter for each option
    *,
    ids: Ids = None,
    ids_from: IdsFrom = None,
    code: Code = None,
    type_: Type = None,
    car: Car = None,
    since: Since = None,
    until: Until = None,
    source: Source = None,
    text: Text = None,
    limit: Limit = None,
    letters: Annotated[
        bool, typer.Option("--letters", help="List single ones instead of groups.")
    ] = False,
    sort: Annotated[
        DeadLetterOrder | None,
        typer.Option(help="The order; else the largest group, or the oldest letter, first."),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again every two seconds, until Ctrl-C.")
    ] = False,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Group the dead letters by error code and type; none is taken away."""
    selection = Selection(
        chosen_ids(ids, ids_from), code, type_, car, since, until, limit, source, text
    )
    if watch and as_json:
        raise InvalidSelectionError("--watch goes without --json, which prints one document")

    async def look() -> None:
        if letters:
            print_letters(await dead_letters().letters(selection), sort, as_json=as_json)
        else:
            print_groups(await dead_letters().groups(selection), sort, as_json=as_json)

    with suppress(KeyboardInterrupt) if watch else nullcontext():
        ask(_repeat(look) if watch else look())


async def _repeat(look: Callable[[], Awaitable[None]]) -> None:
    """On a terminal each look takes the place of the one before.

    Ctrl-C lets a look end first: a look that is cancelled while it disconnects may go on.
    """
    seconds = DEFAULT_DURATIONS.watch
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    while not stop.is_set():
        if sys.stdout.isatty():
            typer.echo(CLEAR, nl=False)
        typer.echo(f"{utc_now():%H:%M:%S}Z, again every {seconds:g} s until Ctrl-C")
        await look()
        sys.stdout.flush()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stop.wait()
