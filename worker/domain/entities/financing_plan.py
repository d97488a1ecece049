from datetime import datetime

from worker.domain.entities.observed import Observed
from worker.domain.record import record
from worker.domain.value_objects.financing_terms import FinancingTerms


@record
class FinancingPlan(Observed):
    """An offer to pay for a car month by month, as the newest message about the plan has it."""

    id: str
    car_id: str
    terms: FinancingTerms
    occurred_at: datetime
    source: str
    message_id: str
