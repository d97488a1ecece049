import asyncio
from dataclasses import asdict, astuple
from typing import Annotated

import typer

from worker.cli.dlq.dead_letters import dead_letters
from worker.cli.dlq.options import Car, Code, Ids, Limit, Since, Type, Until, as_tuple
from worker.cli.output import AS_JSON, print_json, print_table
from worker.domain.value_objects.dead_letter_selection import Selection


def list_dead_letters(  # noqa: PLR0913 - one parameter for each option
    *,
    ids: Ids = None,
    code: Code = None,
    type_: Type = None,
    car: Car = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Group the dead letters by error code and type; none is taken away."""
    selection = Selection(as_tuple(ids), code, type_, car, since, until, limit)
    listing = asyncio.run(dead_letters().groups(selection))
    groups, total = listing.groups, listing.total
    if as_json:
        documents = [asdict(group) for group in groups]
        counted = {"total": total, "vanished": listing.vanished, "awaited": listing.awaited}
        print_json({**counted, "groups": documents})
        return
    columns = (
        *("code", "type", "#messages", "#distinct", "#recorded", "oldest", "newest"),
        *("#attempts", "#replays", "sample id", "sample detail", "#vanished"),
    )
    listed = sum(group.messages for group in groups)
    title = f"{total} dead letters" if listed == total else f"{listed} of {total} dead letters"
    if listing.vanished:
        title += f", {listing.vanished} of all have vanished from the queue and can be replayed"
    print_table(title, columns, [astuple(group) for group in groups])
    for died_of, cars in listing.awaited.items():
        typer.echo(f"{cars} cars: their creation is a dead letter, {died_of}")
