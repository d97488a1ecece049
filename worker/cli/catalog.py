"""The read side: `catalog search`, `catalog show`, `catalog stats`."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, TypeVar

import typer

from worker.cli.failures import FAILED
from worker.cli.output import AS_JSON, print_json, print_table
from worker.composition import database
from worker.domain.entities.car import Car
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_summary import CatalogGroup, Grouping
from worker.domain.value_objects.paging import Paging
from worker.infra.db.repositories.catalog_repository import PostgresCatalogRepository
from worker.settings import read_database_url

app = typer.Typer(help="Read the car catalog.", no_args_is_help=True)
T = TypeVar("T")


def parse_pesos(text: str) -> Decimal:
    """Reads an exact amount from the command line."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"{text!r} is not a decimal number") from None
    if not amount.is_finite():
        raise typer.BadParameter(f"{text!r} is not a decimal number")
    return amount


Make = Annotated[str | None, typer.Option(help="Exactly this make, but for case.")]
Model = Annotated[str | None, typer.Option(help="Exactly this model, but for case.")]
YearMin = Annotated[int | None, typer.Option(help="From this model year.")]
YearMax = Annotated[int | None, typer.Option(help="Up to this model year.")]
PriceMin = Annotated[Decimal | None, typer.Option(parser=parse_pesos, help="From this price.")]
PriceMax = Annotated[Decimal | None, typer.Option(parser=parse_pesos, help="Up to this price.")]
AsJson = Annotated[bool, AS_JSON]


@app.command()
def search(  # noqa: PLR0913 - one parameter for each option
    *,
    make: Make = None,
    model: Model = None,
    year_min: YearMin = None,
    year_max: YearMax = None,
    price_min: PriceMin = None,
    price_max: PriceMax = None,
    limit: Annotated[int, typer.Option(help="Rows of the page, 1 to 200.")] = 20,
    offset: Annotated[int, typer.Option(help="Rows to skip.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List the matching cars, newest price first."""
    filters = CatalogFilters(make, model, year_min, year_max, price_min, price_max)
    paging = Paging(offset, limit)
    page = _with_catalog(lambda catalog: catalog.search(filters, paging))
    if as_json:
        print_json({"total": page.total, "cars": [car_document(car) for car in page.cars]})
        return
    columns = ("id", "make", "model", "#year", "#price MXN", "priced at")
    rows = [
        (car.id, car.make, car.model, car.year, car.price.amount, car.price.occurred_at)
        for car in page.cars
    ]
    print_table(f"{len(page.cars)} of {page.total} cars", columns, rows)


@app.command()
def show(car_id: str, *, as_json: AsJson = False) -> None:
    """Show one car, and which message set its price."""
    car = _with_catalog(lambda catalog: catalog.get(car_id))
    if car is None:
        typer.echo(f"inventory-worker: no car {car_id!r} in the catalog", err=True)
        raise typer.Exit(FAILED)
    document = car_document(car)
    if as_json:
        print_json(document)
    else:
        print_table(f"car {car.id}", ("field", "value"), document.items())


@app.command()
def stats(  # noqa: PLR0913 - one parameter for each option
    *,
    by: Annotated[Grouping, typer.Option(help="What makes a group.")] = Grouping.MAKE,
    make: Make = None,
    model: Model = None,
    year_min: YearMin = None,
    year_max: YearMax = None,
    price_min: PriceMin = None,
    price_max: PriceMax = None,
    as_json: AsJson = False,
) -> None:
    """Count the cars, and summarize their prices group by group."""
    filters = CatalogFilters(make, model, year_min, year_max, price_min, price_max)
    groups = _with_catalog(lambda catalog: catalog.summarize(filters, by))
    if as_json:
        print_json([group_document(group) for group in groups])
        return
    columns = ("group", "#cars", "#lowest", "#median", "#mean", "#highest")
    print_table(
        f"prices in MXN by {by}",
        columns,
        [(_group_id(group), *_figures(group).values()) for group in groups],
    )


def car_document(car: Car) -> dict[str, Any]:
    """A car as programs see it."""
    return {
        "id": car.id,
        "make": car.make,
        "model": car.model,
        "year": car.year,
        "price_mxn": car.price.amount,
        "price_occurred_at": car.price.occurred_at,
        "price_source": car.price.source,
        "price_message_id": car.price.message_id,
    }


def group_document(group: CatalogGroup) -> dict[str, Any]:
    """A group as programs see it; `id` is its key in words."""
    named = {"make": group.make, "model": group.model, "year": group.year}
    told = {name: value for name, value in named.items() if value is not None}
    return {"id": _group_id(group), **told, **_figures(group)}


def _figures(group: CatalogGroup) -> dict[str, Any]:
    prices = group.prices
    return {
        "cars": prices.count,
        "lowest": prices.lowest,
        "median": prices.median,
        "mean": prices.mean,
        "highest": prices.highest,
    }


def _group_id(group: CatalogGroup) -> str:
    parts = [str(part) for part in (group.make, group.model, group.year) if part is not None]
    return " ".join(parts) or "all"


def _with_catalog(ask: Callable[[PostgresCatalogRepository], Awaitable[T]]) -> T:
    async def run() -> T:
        async with database(read_database_url()) as (_, sessions):
            return await ask(PostgresCatalogRepository(sessions))

    return asyncio.run(run())
