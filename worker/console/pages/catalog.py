import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal

from starlette.responses import Response

from worker.console.errors import InvalidFieldError, NotFoundError
from worker.console.pages.letter import required
from worker.console.visit import Visit
from worker.domain.errors import InvalidQueryError
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_query import build_query
from worker.domain.value_objects.paging import Paging
from worker.infra.db.engine import Sessions, database
from worker.infra.db.repositories.awaited_cars import PostgresAwaitedCars
from worker.infra.db.repositories.catalog_repository import PostgresCatalogRepository
from worker.infra.messaging.events.wire_events import CREATION_TYPE
from worker.infra.printable import printable

PAGE_SIZE = 50
MOST_AWAITED = 200

_FIELDS = ("make", "model", "year-min", "year-max", "price-min", "price-max")
_INTEGER = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?", re.ASCII)


async def search_cars(visit: Visit) -> Response:
    """The cars that match, newest price first."""
    fields = _fields(visit.asked)
    withdrawn = bool(visit.asked.get("withdrawn"))
    offset = int(_read(visit.asked, "offset", _INTEGER) or 0)
    problem, page = None, None
    try:
        filters, paging = build_query(
            lambda: CatalogFilters(
                fields.get("make"),
                fields.get("model"),
                _year(visit.asked, "year-min"),
                _year(visit.asked, "year-max"),
                _price(visit.asked, "price-min"),
                _price(visit.asked, "price-max"),
                withdrawn,
            ),
            lambda: Paging(offset, PAGE_SIZE),
        )
    except InvalidQueryError as invalid:
        problem = "; ".join(invalid.problems)
    else:
        async with _sessions(visit) as sessions:
            page = await PostgresCatalogRepository(sessions).search(filters, paging)
    if withdrawn:
        fields["withdrawn"] = "1"
    return visit.page(
        "cars.html",
        status=400 if problem else 200,
        fields=fields,
        problem=problem,
        page=page,
        offset=offset,
        size=PAGE_SIZE,
    )


async def show_car(visit: Visit) -> Response:
    """One car with its plans, and the message that set each value."""
    car_id = required(visit.asked, "id")
    async with _sessions(visit) as sessions:
        entry = await PostgresCatalogRepository(sessions).get(car_id)
    if entry is None:
        raise NotFoundError(f"no car {car_id} in the catalog")
    return visit.page("car.html", entry=entry)


async def show_awaited(visit: Visit) -> Response:
    """Cars that are not created yet although something was said of them, oldest first."""
    async with _sessions(visit) as sessions:
        awaited = PostgresAwaitedCars(sessions)
        counts = await awaited.count()
        cars = await awaited.find(CREATION_TYPE, timedelta(0), MOST_AWAITED)
    return visit.page("awaited.html", counts=counts, cars=cars, creation_type=CREATION_TYPE)


@asynccontextmanager
async def _sessions(visit: Visit) -> AsyncIterator[Sessions]:
    async with database(visit.console.settings.current_database_url) as (_, sessions):
        yield sessions


def _fields(asked: Mapping[str, str]) -> dict[str, str]:
    """What was filled in, for the form and for links to other pages."""
    told = {name: printable(asked.get(name, "").strip()) for name in _FIELDS}
    return {name: value for name, value in told.items() if value}


def _year(asked: Mapping[str, str], name: str) -> int | None:
    value = _read(asked, name, _INTEGER)
    return None if value is None else int(value)


def _price(asked: Mapping[str, str], name: str) -> Decimal | None:
    value = _read(asked, name, _DECIMAL)
    return None if value is None else Decimal(value)


def _read(asked: Mapping[str, str], name: str, form: re.Pattern[str]) -> str | None:
    value = asked.get(name, "").strip()
    if not value:
        return None
    if form.fullmatch(value) is None:
        raise InvalidFieldError(f"{name}: {printable(value)[:100]} is no such number")
    return value
