import asyncio
from pathlib import Path
from typing import Annotated

import typer

from worker.cli.dlq.change import Change, open_change, report
from worker.cli.dlq.desk import Desk, open_desk
from worker.cli.dlq.options import (
    All,
    By,
    Car,
    Code,
    Ids,
    Limit,
    Since,
    Type,
    Until,
    as_tuple,
    require_choice,
    require_new,
)
from worker.cli.output import AS_JSON
from worker.infra.messaging.dead_letters.dead_letter_file import DeadLetterWriter
from worker.infra.messaging.dead_letters.discard import Discard
from worker.infra.messaging.dead_letters.frozen_selection import FrozenSelection, freeze
from worker.infra.messaging.dead_letters.rate_limit import RateLimit
from worker.infra.messaging.dead_letters.selection import SelectedKeys, Selection
from worker.infra.messaging.dead_letters.selective_drain import SelectiveDrain
from worker.infra.printable import printable


def discard(  # noqa: PLR0913 - one parameter for each option
    *,
    to: Annotated[Path, typer.Option(help="The new file that keeps them, for `dlq import`.")],
    ids: Ids = None,
    code: Code = None,
    type_: Type = None,
    car: Car = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = None,
    everything: All = False,
    by: By = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Take the chosen dead letters out of the queue, into a file."""
    filters = Selection(as_tuple(ids), code, type_, car, since, until, limit)
    choice = require_choice(filters, everything=everything)
    report(asyncio.run(_discard(choice, require_new(to), by)), as_json=as_json)


async def _discard(choice: Selection, to: Path, by: str | None) -> Change:
    async with open_desk("discard", by) as desk:
        await desk.claim()
        frozen = await freeze(desk.look, choice)
        file = DeadLetterWriter(to)
        try:
            document = {**choice.as_document(), "to": printable(str(to))}
            async with open_change(
                desk, "discard", "discarded", by, document, len(frozen)
            ) as change:
                await _sweep(desk, change, frozen, file)
        finally:
            file.close()
    return change


async def _sweep(
    desk: Desk, change: Change, frozen: FrozenSelection, file: DeadLetterWriter
) -> None:
    sweep = SelectiveDrain(desk.rabbitmq_url, desk.turn, RateLimit(None), change.stop)
    chosen = SelectedKeys(frozen.creations + frozen.others)
    await sweep.run(chosen, Discard(file, change.audit, change.advance))
