"""Warns of cars that something has waited for too long."""

from datetime import datetime, timedelta

from worker.infra.check import Check
from worker.infra.db.engine import Sessions
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.repositories.awaited_cars import PostgresAwaitedCars

LONG = timedelta(hours=1)


async def check_awaited_cars(sessions: Sessions, now: datetime) -> Check:
    """A creation is an hour late: it was refused, never sent, or the car id is mistyped."""
    check = "awaited cars"
    try:
        counts = await PostgresAwaitedCars(sessions).count()
    except DATABASE_ERRORS as trouble:
        return Check(check, str(translate(trouble)), is_warning=True)
    if counts.oldest is None or now - counts.oldest < LONG:
        return Check(check, None)
    return Check(
        check,
        f"{counts.cars} cars are not created yet, the oldest is awaited since "
        f"{counts.oldest:%Y-%m-%d %H:%M:%SZ}: see `inventory-worker catalog awaiting`",
        is_warning=True,
    )
