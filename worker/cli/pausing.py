"""`pause` and `resume`: stop and start consuming in all workers."""

import asyncio
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

import typer

from worker.cli.dlq.options import By
from worker.cli.ends import read_end
from worker.cli.output import AS_JSON, print_json
from worker.infra.printable import printable
from worker.infra.process_name import user_name

_WITHIN = "workers obey within 5 s: `inventory-worker status` shows them"


def _parse_reason(text: str) -> str:
    reason = printable(text).strip()
    if not reason:
        raise typer.BadParameter("say why: others will ask")
    return reason


def pause(
    reason: Annotated[
        str, typer.Option(parser=_parse_reason, metavar="TEXT", help="Why, for those who ask.")
    ],
    until: Annotated[
        object,
        typer.Option(
            parser=read_end,
            metavar="TIME",
            help="When it ends by itself: 2h is from now; else only `resume` ends it.",
        ),
    ] = None,
    by: By = None,
    *,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Have all workers finish what is in hand and consume nothing, until `resume`."""
    from worker.cli.stored_pauses import with_pauses
    from worker.infra.db.repositories.pauses import UntilIsPastError

    assert until is None or isinstance(until, datetime | timedelta)
    try:
        begun = asyncio.run(with_pauses(lambda pauses: pauses.begin(reason, _name(by), until)))
    except UntilIsPastError:
        raise typer.BadParameter("is past already", param_hint="--until") from None
    if as_json:
        print_json(asdict(begun))
    else:
        typer.echo(f"{begun}; {_WITHIN}")


def resume(by: By = None, *, as_json: Annotated[bool, AS_JSON] = False) -> None:
    """End all pauses: the workers consume again."""
    from worker.cli.stored_pauses import with_pauses

    ended = asyncio.run(with_pauses(lambda pauses: pauses.end_all(_name(by))))
    if as_json:
        print_json([asdict(pause) for pause in ended])
    elif not ended:
        typer.echo("no pause is in force: nothing to do")
    else:
        for each in ended:
            typer.echo(f"resumed, was {each}")


def _name(by: str | None) -> str:
    return printable(by or user_name())
