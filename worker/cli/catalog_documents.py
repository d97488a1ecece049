"""JSON documents of the catalog: amounts are strings, instants RFC 3339."""

from typing import Any

from worker.domain.entities.car import Car
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.read_models.catalog_entry import CatalogEntry
from worker.domain.value_objects.catalog_summary import CatalogGroup


def car_document(car: Car) -> dict[str, Any]:
    """A car, its price and its listing, each with the message that set it."""
    return {
        "id": car.id,
        "make": car.make,
        "model": car.model,
        "year": car.year,
        "price_mxn": car.price.amount,
        "price_occurred_at": car.price.occurred_at,
        "price_source": car.price.source,
        "price_message_id": car.price.message_id,
        "withdrawn_because": car.listing.withdrawn_because,
        "listing_occurred_at": car.listing.occurred_at,
        "listing_source": car.listing.source,
        "listing_message_id": car.listing.message_id,
    }


def entry_document(entry: CatalogEntry) -> dict[str, Any]:
    """A car, when the worker stored its price, and its financing plans."""
    return {
        **car_document(entry.car),
        "price_stored_at": entry.price_stored_at,
        "financing_plans": [plan_document(plan) for plan in entry.financing_plans],
    }


def plan_document(plan: FinancingPlan) -> dict[str, Any]:
    """A financing plan, and the message that offered it."""
    terms = plan.terms
    return {
        "id": plan.id,
        "annual_rate": terms.annual_rate,
        "term_months": terms.term_months,
        "down_payment_mxn": terms.down_payment,
        "monthly_payment_mxn": terms.monthly_payment,
        "total_paid_mxn": terms.total_paid,
        "occurred_at": plan.occurred_at,
        "source": plan.source,
        "message_id": plan.message_id,
    }


def group_document(group: CatalogGroup) -> dict[str, Any]:
    """The prices of a group; `id` is unique among the groups, and the same for every spelling."""
    named = {"make": group.make, "model": group.model, "year": group.year}
    prices = group.prices
    return {
        "id": group.id,
        **{name: value for name, value in named.items() if value is not None},
        "cars": prices.count,
        "lowest": prices.lowest,
        "median": prices.median,
        "mean": prices.mean,
        "highest": prices.highest,
    }
