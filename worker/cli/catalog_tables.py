"""Tables of the catalog."""

from collections.abc import Sequence

from worker.cli.output import print_table
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.read_models.catalog_entry import CatalogEntry
from worker.domain.read_models.catalog_page import CatalogPage
from worker.domain.value_objects.catalog_summary import CatalogGroup, Grouping


def print_page(page: CatalogPage) -> None:
    """Prints the cars of a page and the total number of matches."""
    columns = ("id", "make", "model", "#year", "#price MXN", "priced at", "withdrawn")
    rows = [
        (
            *(car.id, car.make, car.model, car.year, car.price.amount, car.price.occurred_at),
            car.listing.withdrawn_because,
        )
        for car in page.cars
    ]
    first = ("id", "price MXN", "year")
    print_table(f"{len(page.cars)} of {page.total} cars", columns, rows, first=first)


def print_entry(entry: CatalogEntry) -> None:
    """Prints a car, the message that set its price, and its plans, if any."""
    car, price, listing = entry.car, entry.car.price, entry.car.listing
    reason = listing.withdrawn_because
    fields = {
        "make": car.make,
        "model": car.model,
        "year": car.year,
        "price MXN": price.amount,
        "price true since": price.occurred_at,
        "price stored at": entry.price_stored_at,
        "price set by message": price.message_id,
        "of source": price.source or None,
        "listed": "yes" if reason is None else f"withdrawn: {reason}",
        "since": listing.occurred_at,
        "listing set by message": listing.message_id,
        "listing of source": listing.source or None,
    }
    print_table(f"car {car.id}", ("field", "value"), list(fields.items()))
    if entry.financing_plans:
        _print_plans(entry.financing_plans)


def print_groups(groups: Sequence[CatalogGroup], grouping: Grouping) -> None:
    """Prints the prices of each group."""
    columns = (str(grouping), "#cars", "#lowest", "#median", "#mean", "#highest")
    rows = [(_name(group), *_figures(group)) for group in groups]
    print_table(f"prices in MXN by {grouping}", columns, rows)


def _print_plans(plans: Sequence[FinancingPlan]) -> None:
    columns: tuple[str, ...] = ("plan", "#a year", "#months")
    columns = (*columns, "#down MXN", "#monthly MXN", "#total MXN", "offered at", "by message")
    rows = [(plan.id, *_terms(plan), plan.occurred_at, plan.message_id) for plan in plans]
    print_table(f"{len(plans)} financing plans", columns, rows)


def _terms(plan: FinancingPlan) -> tuple[object, ...]:
    terms = plan.terms
    amounts = (terms.down_payment, terms.monthly_payment, terms.total_paid)
    return f"{terms.annual_rate:.2%}", terms.term_months, *amounts


def _figures(group: CatalogGroup) -> tuple[object, ...]:
    prices = group.prices
    return prices.count, prices.lowest, prices.median, prices.mean, prices.highest


def _name(group: CatalogGroup) -> str:
    parts = [str(part) for part in (group.make, group.model, group.year) if part is not None]
    return " ".join(parts) or "all"
