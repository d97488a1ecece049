"""`catalog awaiting` and `catalog forget`: cars that messages wait for."""

import asyncio
from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.catalog_options import CarId
from worker.cli.dlq.options import By
from worker.cli.failures import FAILED
from worker.cli.output import AS_JSON, print_json, print_table
from worker.cli.spans import parse_span
from worker.infra.printable import printable
from worker.infra.process_name import process_name, user_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.infra.db.repositories.awaited_cars import AwaitedCar


def parse_age(text: str) -> timedelta:
    """Reads an age such as `30m`."""
    age = parse_span(text)
    if age is None:
        raise typer.BadParameter(f"{text!r} is no age such as 30m, 2h or 7d")
    return age


OlderThan = Annotated[
    timedelta | None,
    typer.Option(parser=parse_age, metavar="AGE", help="Awaited for longer, such as 30m or 2d."),
]


def awaiting(*, older_than: OlderThan = None, as_json: Annotated[bool, AS_JSON] = False) -> None:
    """List cars that are not created yet although something was said of them, oldest first."""
    cars = asyncio.run(_find(older_than or timedelta(0)))
    if as_json:
        print_json([asdict(car) for car in cars])
        return
    columns = ("car", "since", "waiting", "from source", "creation is a dead letter")
    rows = [
        (
            *(car.car_id, car.since, ", ".join(car.waiting), ", ".join(filter(None, car.sources))),
            car.creation_died_of,
        )
        for car in cars
    ]
    print_table(f"{len(cars)} awaited cars", columns, rows, first=("car", "since"))
    for line in _dead_creations(cars):
        typer.echo(line)


def forget(car_id: CarId, *, by: By = None) -> None:
    """Forget what waits for a car, such as one whose id is mistyped.

    The messages can be sent again afterwards.
    """
    forgotten = asyncio.run(_forget(car_id, printable(by or user_name())))
    if not forgotten:
        typer.echo(f"inventory-worker: nothing waits for car {car_id!r}", err=True)
        raise typer.Exit(FAILED)
    typer.echo(f"{forgotten} messages that waited for car {car_id} are forgotten")


def _dead_creations(cars: "Sequence[AwaitedCar]") -> list[str]:
    codes = Counter(car.creation_died_of for car in cars if car.creation_died_of is not None)
    return [
        f"{count} cars: their creation is a dead letter, {code}" for code, count in codes.items()
    ]


async def _find(older_than: timedelta) -> "list[AwaitedCar]":
    from worker.infra.db.engine import database
    from worker.infra.db.repositories.awaited_cars import PostgresAwaitedCars
    from worker.infra.messaging.events.wire_events import CREATION_TYPE
    from worker.settings import read_database_url

    async with database(read_database_url) as (_, sessions):
        return await PostgresAwaitedCars(sessions).find(CREATION_TYPE, older_than)


async def _forget(car_id: str, person: str) -> int:
    from worker.infra.db.engine import database
    from worker.infra.db.repositories.audited_actions import AuditedPerson
    from worker.infra.db.repositories.awaited_cars import PostgresAwaitedCars
    from worker.settings import read_database_url

    async with database(read_database_url) as (_, sessions):
        by = AuditedPerson(person, process_name())
        return await PostgresAwaitedCars(sessions).forget(car_id, by)
