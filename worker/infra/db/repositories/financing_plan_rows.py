"""Rows of `financing_plans` as entities: the one place that knows both."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import DateTime, Integer, Numeric, Text

from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.value_objects.financing_terms import FinancingTerms
from worker.infra.db.arrays import Columns
from worker.infra.db.models import FinancingPlanModel

WRITTEN_COLUMNS: Columns = {
    "id": Text(),
    "car_id": Text(),
    "annual_rate": Numeric(5, 4),
    "term_months": Integer(),
    "down_payment_mxn": Numeric(12, 2),
    "monthly_payment_mxn": Numeric(12, 2),
    "total_paid_mxn": Numeric(12, 2),
    "occurred_at": DateTime(timezone=True),
    "source": Text(),
    "message_id": Text(),
}

PLAN_COLUMNS = tuple(getattr(FinancingPlanModel, name) for name in WRITTEN_COLUMNS)


def to_plan(row: Sequence[Any]) -> FinancingPlan:
    """The plan of a row of `PLAN_COLUMNS`."""
    id_, car_id, rate, months, down, monthly, total, *said = row
    return FinancingPlan(id_, car_id, FinancingTerms(rate, months, down, monthly, total), *said)


def to_row(plan: FinancingPlan) -> tuple[object, ...]:
    """The values of `WRITTEN_COLUMNS`."""
    terms = plan.terms
    return (
        plan.id,
        plan.car_id,
        terms.annual_rate,
        terms.term_months,
        terms.down_payment,
        terms.monthly_payment,
        terms.total_paid,
        plan.occurred_at,
        plan.source,
        plan.message_id,
    )
