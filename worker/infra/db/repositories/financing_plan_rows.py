from collections.abc import Sequence
from typing import Any

from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.value_objects.financing_terms import FinancingTerms
from worker.infra.db.models import FinancingPlanModel
from worker.infra.db.repositories.row_mapping import RowMapping


def _to_plan(row: Sequence[Any]) -> FinancingPlan:
    id_, car_id, rate, months, down, monthly, total, *said = row
    return FinancingPlan(id_, car_id, FinancingTerms(rate, months, down, monthly, total), *said)


FINANCING_PLAN_ROWS = RowMapping[FinancingPlan](
    FinancingPlanModel,
    _to_plan,
    constant={FinancingPlanModel.id: lambda plan: plan.id},
    changing={
        FinancingPlanModel.car_id: lambda plan: plan.car_id,
        FinancingPlanModel.annual_rate: lambda plan: plan.terms.annual_rate,
        FinancingPlanModel.term_months: lambda plan: plan.terms.term_months,
        FinancingPlanModel.down_payment_mxn: lambda plan: plan.terms.down_payment,
        FinancingPlanModel.monthly_payment_mxn: lambda plan: plan.terms.monthly_payment,
        FinancingPlanModel.total_paid_mxn: lambda plan: plan.terms.total_paid,
        FinancingPlanModel.occurred_at: lambda plan: plan.occurred_at,
        FinancingPlanModel.source: lambda plan: plan.source,
        FinancingPlanModel.message_id: lambda plan: plan.message_id,
    },
)
