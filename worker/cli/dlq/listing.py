import asyncio
from typing import Annotated, Any

from worker.cli.dlq.desk import Desk, open_desk
from worker.cli.dlq.options import Car, Code, Ids, Limit, Since, Type, Until, as_tuple
from worker.cli.output import AS_JSON, print_json, print_table
from worker.infra.db.repositories.recorded_messages import PostgresRecordedMessages
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.dead_letter import read_dead_letter
from worker.infra.messaging.dead_letters.groups import Groups
from worker.infra.messaging.dead_letters.selection import Selection, Selector


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
    choice = Selection(as_tuple(ids), code, type_, car, since, until, limit)
    groups, total = asyncio.run(_list(choice))
    if as_json:
        print_json({"total": total, "groups": groups})
        return
    columns = (
        *("code", "type", "#messages", "#distinct", "#recorded", "oldest", "newest"),
        *("#attempts", "#replays", "sample id", "sample detail"),
    )
    listed = sum(group["messages"] for group in groups)
    title = f"{total} dead letters" if listed == total else f"{listed} of {total} dead letters"
    print_table(title, columns, [tuple(group.values()) for group in groups])


async def _list(choice: Selection) -> tuple[list[dict[str, Any]], int]:
    async with open_desk("list") as desk:
        groups, total = await _group(desk, choice)
        recorded = await PostgresRecordedMessages(desk.sessions).find(groups.identities)
    return [
        {
            "code": code,
            "type": type_,
            "messages": group.messages,
            "distinct": len(group.contents),
            "recorded": group.count_recorded(recorded),
            "oldest": group.oldest,
            "newest": group.newest,
            "attempts": group.attempts,
            "replays": group.replays,
            "sample_id": group.sample_id,
            "sample_detail": group.sample_detail,
        }
        for code, type_, group in groups.largest_first()
    ], total


async def _group(desk: Desk, choice: Selection) -> tuple[Groups, int]:
    groups, selection = Groups(), Selector(choice)

    def look(message: Message) -> None:
        letter = read_dead_letter(message)
        if selection.takes(letter):
            groups.add(letter)

    return groups, await desk.look(look)
