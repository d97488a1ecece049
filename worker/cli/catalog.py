"""The catalog: `search`, `show`, `stats`, `awaiting`, `forget`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from worker.cli.awaited_cars import awaiting, forget
from worker.cli.catalog_documents import car_document, entry_document, group_document
from worker.cli.catalog_options import (
    CarId,
    IncludeWithdrawn,
    Limit,
    Make,
    Model,
    Offset,
    PriceMax,
    PriceMin,
    YearMax,
    YearMin,
    problems_as_typed,
)
from worker.cli.catalog_tables import print_entry, print_groups, print_page
from worker.cli.commands import Commands
from worker.cli.failures import FAILED
from worker.cli.output import AS_JSON, print_json
from worker.domain.ports.catalog_repository import CatalogRepository
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_query import build_query
from worker.domain.value_objects.catalog_summary import Grouping
from worker.domain.value_objects.paging import Paging

app = Commands(help="Read the car catalog, and see what waits for it.", no_args_is_help=True)
app.command("awaiting")(awaiting)
app.command("forget")(forget)
AsJson = Annotated[bool, AS_JSON]
T = TypeVar("T")


@app.command()
def search(  # noqa: PLR0913 - one parameter for each option
    *,
    make: Make = None,
    model: Model = None,
    year_min: YearMin = None,
    year_max: YearMax = None,
    price_min: PriceMin = None,
    price_max: PriceMax = None,
    include_withdrawn: IncludeWithdrawn = False,
    limit: Limit = 20,
    offset: Offset = 0,
    as_json: AsJson = False,
) -> None:
    """List the matching cars, newest price first."""
    with problems_as_typed():
        filters, paging = build_query(
            lambda: CatalogFilters(
                make, model, year_min, year_max, price_min, price_max, include_withdrawn
            ),
            lambda: Paging(offset, limit),
        )
    page = _ask(lambda catalog: catalog.search(filters, paging))
    if as_json:
        print_json({"total": page.total, "cars": [car_document(car) for car in page.cars]})
    else:
        print_page(page)


@app.command()
def show(car_id: CarId, *, as_json: AsJson = False) -> None:
    """Show one car: its price, the message that set it, and its financing plans."""
    entry = _ask(lambda catalog: catalog.get(car_id))
    if entry is None:
        typer.echo(f"inventory-worker: no car {car_id!r} in the catalog", err=True)
        raise typer.Exit(FAILED)
    if as_json:
        print_json(entry_document(entry))
    else:
        print_entry(entry)


@app.command()
def stats(  # noqa: PLR0913 - one parameter for each option
    *,
    by: Annotated[Grouping, typer.Option(help="How to group the cars.")] = Grouping.MAKE,
    make: Make = None,
    model: Model = None,
    year_min: YearMin = None,
    year_max: YearMax = None,
    price_min: PriceMin = None,
    price_max: PriceMax = None,
    include_withdrawn: IncludeWithdrawn = False,
    as_json: AsJson = False,
) -> None:
    """Count the cars and summarize their prices per group."""
    with problems_as_typed():
        filters = CatalogFilters(
            make, model, year_min, year_max, price_min, price_max, include_withdrawn
        )
    groups = _ask(lambda catalog: catalog.summarize(filters, by))
    if as_json:
        print_json([group_document(group) for group in groups])
    else:
        print_groups(groups, by)


def _ask(question: Callable[[CatalogRepository], Awaitable[T]]) -> T:
    from worker.infra.db.engine import database
    from worker.infra.db.repositories.catalog_repository import PostgresCatalogRepository
    from worker.settings import read_database_url

    async def run() -> T:
        async with database(read_database_url) as (_, sessions):
            return await question(PostgresCatalogRepository(sessions))

    return asyncio.run(run())
