import asyncio
import json
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from worker.cli.catalog_documents import entry_document
from worker.cli.dlq.desk import Desk, open_desk
from worker.cli.output import AS_JSON, print_json, print_table
from worker.domain.value_objects.catalog_entry import CatalogEntry
from worker.infra.db.repositories.catalog_repository import PostgresCatalogRepository
from worker.infra.db.repositories.recorded_messages import (
    PostgresRecordedMessages,
    RecordedMessage,
)
from worker.infra.messaging.dead_letters.canonical_json import indented
from worker.infra.messaging.dead_letters.contents import NOT_JSON, read_car_id, read_document
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.dead_letter_line import history_of, original_of
from worker.infra.messaging.dead_letters.frozen_selection import freeze
from worker.infra.messaging.dead_letters.selection import Selection
from worker.infra.printable import printable

MOST_COPIES = 10
"""How many messages of one id are shown."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A dead letter, and what the database knows of its id and its car."""

    letter: DeadLetter
    recorded: RecordedMessage | None
    car_id: str | None
    car: CatalogEntry | None


def show(
    message_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],
    *,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Show a dead letter: properties, headers, body, history, and what is known of its car."""
    found = asyncio.run(_show(message_id))
    if as_json:
        print_json([_document(shown) for shown in found])
    else:
        for shown in found:
            _print(shown)


async def _show(handle: str) -> list[Shown]:
    letters: list[DeadLetter] = []
    async with open_desk("show") as desk:
        await freeze(desk.look, Selection(ids=(handle,), limit=MOST_COPIES), letters.append)
        return [await _with_knowledge(desk, letter) for letter in letters]


async def _with_knowledge(desk: Desk, letter: DeadLetter) -> Shown:
    records = await PostgresRecordedMessages(desk.sessions).find_by_id(letter.message_id or "")
    recorded = next((r for r in records if (r.source, r.message_id) == letter.identity), None)
    car_id = read_car_id(letter.message)
    catalog = PostgresCatalogRepository(desk.sessions)
    car = None if car_id is None else await catalog.get(printable(car_id))
    return Shown(letter, recorded, car_id, car)


def _document(shown: Shown) -> dict[str, Any]:
    letter = shown.letter
    return {
        "id": letter.handle,
        "source": letter.source,
        "type": letter.type,
        "dead_letter": history_of(letter),
        "original": original_of(letter),
        "recorded": shown.recorded and asdict(shown.recorded),
        "car": shown.car and entry_document(shown.car),
    }


def _print(shown: Shown) -> None:
    letter = shown.letter
    original = original_of(letter)
    named = {"type": letter.type, "source": letter.source, **history_of(letter)}
    facts = {**named, "recorded": _recorded(shown), "car": _car(shown)}
    print_table(f"dead letter {letter.handle}", ("field", "value"), facts.items())
    told = {**original["properties"]}
    told |= told.pop("headers", {})
    print_table(
        "properties and headers",
        ("name", "value"),
        [(printable(name), _text(value)) for name, value in told.items()],
    )
    typer.echo(_body(letter))


def _recorded(shown: Shown) -> str:
    record = shown.recorded
    if record is None:
        return "no: it was never applied"
    return f"{record.outcome} at {record.processed_at:%Y-%m-%d %H:%M:%S}Z"


def _car(shown: Shown) -> str:
    if shown.car_id is None:
        return "the message names none"
    if shown.car is None:
        return f"{printable(shown.car_id)} is not in the catalog"
    car = shown.car.car
    price = f"{car.price.amount} MXN since {car.price.occurred_at:%Y-%m-%d %H:%M:%S}Z"
    return f"{car.id} is a {car.make} {car.model} {car.year}, {price}"


def _text(value: object) -> str:
    return printable(value if isinstance(value, str) else json.dumps(value))


def _body(letter: DeadLetter) -> str:
    document = read_document(letter.message)
    try:
        return repr(letter.message.body) if document is NOT_JSON else indented(document)
    except RecursionError:
        return repr(letter.message.body)
