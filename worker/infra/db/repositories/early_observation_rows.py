"""How early observations are rows: what they say is JSON, the rest are columns."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, assert_never

from worker.domain.entities.car import ListingObservation, PriceObservation
from worker.domain.entities.early_observation import EarlyObservation, Observation
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.value_objects.financing_terms import FinancingTerms
from worker.domain.value_objects.withdrawal_reason import WithdrawalReason

COLUMNS = ("car_id", "about", "said", "occurred_at", "source", "message_id")


def to_row(early: EarlyObservation) -> tuple[object, ...]:
    """The values of `COLUMNS`."""
    said = early.said
    text = json.dumps(_values_of(said))
    return early.car_id, early.about, text, said.occurred_at, said.source, said.message_id


def to_early_observation(row: Sequence[Any]) -> EarlyObservation:
    """The entity from the values of `COLUMNS`."""
    car_id, about, text, *observed = row
    return EarlyObservation(car_id, _to_observation(car_id, about, json.loads(text), observed))


def _values_of(said: Observation) -> dict[str, object]:
    match said:
        case PriceObservation():
            return {"amount": str(said.amount)}
        case ListingObservation():
            return {"withdrawn_because": said.withdrawn_because}
        case FinancingPlan(terms=terms):
            return {
                "annual_rate": str(terms.annual_rate),
                "term_months": terms.term_months,
                "down_payment": str(terms.down_payment),
                "monthly_payment": str(terms.monthly_payment),
                "total_paid": str(terms.total_paid),
            }
        case _:
            assert_never(said)


def _to_observation(
    car_id: str, about: str, values: dict[str, Any], observed: Sequence[Any]
) -> Observation:
    kind, _, id_ = about.partition(" ")
    match kind:
        case "price":
            return PriceObservation(Decimal(values["amount"]), *observed)
        case "listing":
            return ListingObservation(WithdrawalReason(values["withdrawn_because"]), *observed)
        case _:
            months = values.pop("term_months")
            amounts = {name: Decimal(value) for name, value in values.items()}
            terms = FinancingTerms(term_months=months, **amounts)
            return FinancingPlan(id_, car_id, terms, *observed)
