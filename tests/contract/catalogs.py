"""Catalogs to be read: made in memory, or written to PostgreSQL as the worker writes them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import delete

from tests.support.entities import NEW_YEAR
from tests.support.units_of_work import unit_of_work
from worker.domain.entities.car import Car, ListingObservation, PriceObservation
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.read_models.catalog_entry import CatalogEntry
from worker.domain.value_objects.financing_terms import FinancingTerms
from worker.infra.db.engine import Sessions
from worker.infra.db.models import CarModel, FinancingPlanModel
from worker.infra.db.repositories.catalog_repository import PostgresCatalogRepository
from worker.infra.memory.catalog_repository import InMemoryCatalogRepository


def car(
    car_id: str,
    make: str = "Nissan",
    model: str = "Versa",
    year: int = 2020,
    price: str = "200000.00",
    occurred_at: datetime = NEW_YEAR,
) -> Car:
    observed = PriceObservation(Decimal(price), occurred_at, "/s", f"m-{car_id}")
    return Car(car_id, make, model, year, observed, ListingObservation.by_creation(observed))


def plan(plan_id: str, car_id: str, months: int = 12) -> FinancingPlan:
    monthly = Decimal("1000.50")
    terms = FinancingTerms(
        Decimal("0.1499"), months, Decimal(5000), monthly, 5000 + months * monthly
    )
    return FinancingPlan(plan_id, car_id, terms, NEW_YEAR, "/lender", f"f-{plan_id}")


async def in_memory(
    cars: Sequence[Car], plans: Sequence[FinancingPlan] = ()
) -> InMemoryCatalogRepository:
    by_id = sorted(plans, key=lambda plan: plan.id)
    return InMemoryCatalogRepository(
        CatalogEntry(car, NEW_YEAR, tuple(plan for plan in by_id if plan.car_id == car.id))
        for car in cars
    )


async def in_postgres(
    sessions: Sessions, cars: Sequence[Car], plans: Sequence[FinancingPlan] = ()
) -> PostgresCatalogRepository:
    async with sessions.begin() as session:
        await session.execute(delete(FinancingPlanModel))
        await session.execute(delete(CarModel))
    async with unit_of_work(sessions) as work:
        await work.cars.add(cars)
        await work.financing_plans.add(plans)
        await work.commit()
    return PostgresCatalogRepository(sessions)
