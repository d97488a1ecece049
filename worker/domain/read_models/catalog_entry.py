from dataclasses import dataclass
from datetime import datetime

from worker.domain.entities.car import Car
from worker.domain.entities.financing_plan import FinancingPlan


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A car, its plans ordered by id, and when its price was stored.

    `price_stored_at` is the worker's time; the price itself holds its upstream time and message.
    """

    car: Car
    price_stored_at: datetime
    financing_plans: tuple[FinancingPlan, ...] = ()
