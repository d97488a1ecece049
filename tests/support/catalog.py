from sqlalchemy import select

from worker.domain.entities.car import Car
from worker.infra.db.engine import Sessions
from worker.infra.db.repositories.car_rows import CAR_ROWS


async def read_cars(sessions: Sessions) -> dict[str, Car]:
    """The whole catalog, by id."""
    async with sessions() as session:
        rows = await session.execute(select(*CAR_ROWS.columns))
        return {car.id: car for car in map(CAR_ROWS.to_entity, rows)}
