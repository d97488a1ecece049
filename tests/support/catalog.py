from sqlalchemy import select

from worker.domain.entities.car import Car
from worker.domain.entities.early_observation import EarlyObservation
from worker.domain.entities.financing_plan import FinancingPlan
from worker.infra.db.engine import Sessions
from worker.infra.db.models import EarlyObservationModel
from worker.infra.db.repositories.car_rows import CAR_ROWS
from worker.infra.db.repositories.early_observation_rows import COLUMNS, to_early_observation
from worker.infra.db.repositories.financing_plan_rows import FINANCING_PLAN_ROWS


async def read_cars(sessions: Sessions) -> dict[str, Car]:
    """The whole catalog, by id."""
    async with sessions() as session:
        rows = await session.execute(select(*CAR_ROWS.columns))
        return {car.id: car for car in map(CAR_ROWS.to_entity, rows)}


async def read_plans(sessions: Sessions) -> dict[str, FinancingPlan]:
    """All financing plans, by id."""
    async with sessions() as session:
        rows = await session.execute(select(*FINANCING_PLAN_ROWS.columns))
        return {plan.id: plan for plan in map(FINANCING_PLAN_ROWS.to_entity, rows)}


async def read_early(sessions: Sessions) -> list[EarlyObservation]:
    """All that waits, by car."""
    columns = [getattr(EarlyObservationModel, name) for name in COLUMNS]
    async with sessions() as session:
        rows = await session.execute(select(*columns).order_by(EarlyObservationModel.car_id))
        return [to_early_observation(row) for row in rows]
