"""A large catalog for benchmarks and EXPLAIN tests: python -m benchmarks.catalog_seed URL [CARS].

The database must be migrated, and its catalog empty. The same number of cars gives the same
catalog everywhere: makes and models as uneven as on the market, recent years more often than old
ones, prices that follow the year, price changes over two years.
"""

import argparse
import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate

import asyncpg

from worker.domain.value_objects.car_description import fold

MILLION = 1_000_000

COLUMNS = (
    *("id", "make", "model", "make_key", "model_key", "year"),
    *("price_mxn", "price_occurred_at", "price_source", "price_message_id"),
)

_MAKES = (
    *("Nissan", "Volkswagen", "Chevrolet", "Toyota", "Kia", "Mazda", "Hyundai", "Honda", "Ford"),
    *("Renault", "SEAT", "Suzuki", "Mitsubishi", "Dodge", "Fiat", "Peugeot", "BMW", "Audi"),
    *("Mercedes-Benz", "Jeep", "MG", "Chirey", "Citroën", "Volvo", "Subaru", "Acura", "ŠKODA"),
    *("Lincoln", "Infiniti", "Mini", "Buick", "Cadillac", "Land Rover", "Porsche", "Alfa Romeo"),
)
_MODELS_OF_A_MAKE = 12
_YEARS = tuple(range(2005, 2028))
_LAST_CHANGE = datetime(2026, 10, 1, tzinfo=UTC)
_TWO_YEARS_SECONDS = 2 * 365 * 24 * 3600


async def seed(database_url: str, cars: int) -> None:
    """Fills the empty catalog, then vacuums and analyses it, as autovacuum does eventually."""
    database = await asyncpg.connect(database_url)
    try:
        await database.copy_records_to_table("cars", records=rows(cars), columns=COLUMNS)
        await database.execute("VACUUM (ANALYZE) cars")
        await database.execute("CHECKPOINT")
    finally:
        await database.close()


def rows(cars: int) -> Iterator[tuple[object, ...]]:
    """The rows of `COLUMNS`, in the order in which the cars were created."""
    rng = random.Random(cars)  # noqa: S311 - the same catalog every time is the point
    names = [(make, fold(make)) for make in _MAKES]
    by_rank = _harmonic(len(_MAKES))
    models = [f"Modelo {rank}" for rank in range(1, _MODELS_OF_A_MAKE + 1)]
    by_model = _harmonic(_MODELS_OF_A_MAKE)
    by_age = list(accumulate(range(2, len(_YEARS) + 2)))
    for number in range(cars):
        ((make, make_key),) = rng.choices(names, cum_weights=by_rank)
        (model,) = rng.choices(models, cum_weights=by_model)
        (year,) = rng.choices(_YEARS, cum_weights=by_age)
        price = Decimal(int(rng.lognormvariate(6.7 + (year - 2005) * 0.07, 0.4)) * 100)
        said = _LAST_CHANGE - timedelta(seconds=rng.randrange(_TWO_YEARS_SECONDS))
        described = (make, f"{make} {model}", make_key, f"{make_key} {fold(model)}", year)
        yield (f"MX-{number:08}", *described, price, said, "/pricing", f"price-{number}")


def _harmonic(count: int) -> list[float]:
    """Weights by rank: the second sells half as often as the first."""
    return list(accumulate(1 / rank for rank in range(1, count + 1)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.catalog_seed", description=__doc__)
    parser.add_argument("url", help="of a database made for this: postgresql://…")
    parser.add_argument("cars", nargs="?", type=int, default=MILLION)
    arguments = parser.parse_args()
    asyncio.run(seed(arguments.url, arguments.cars))
