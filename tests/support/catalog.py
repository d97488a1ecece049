from sqlalchemy import select

from worker.domain.entities.car import Car
from worker.infra.db.engine import Sessions
from worker.infra.db.repositories.car_rows import CAR_COLUMNS, to_car


async def read_cars(sessions: Sessions) -> dict[str, Car]:
    """The whole catalog, by id."""
    async with sessions() as session:
        return {row.id: to_car(row) for row in await session.execute(select(*CAR_COLUMNS))}
