from dataclasses import dataclass
from datetime import datetime

from worker.domain.entities.car import Car
from worker.domain.entities.financing_plan import FinancingPlan


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """All that the catalog holds of one car: its plans by id, and when its price was stored.

    `price_stored_at` is the worker's doing; when the price was true upstream, and which
    message said so, the price itself knows.
    """

    car: Car
    price_stored_at: datetime
    financing_plans: tuple[FinancingPlan, ...] = ()
