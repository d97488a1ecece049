"""Random histories of events, and the catalog that each must produce."""

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from worker.domain.entities.car import Car, ListingObservation, PriceObservation
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.entities.observed import Observed
from worker.domain.value_objects.financing_terms import FinancingTerms
from worker.domain.value_objects.withdrawal_reason import WithdrawalReason

CREATED = "inventory.car-created.v1"
CHANGED = "inventory.price-changed.v1"
WITHDRAWN = "inventory.car-withdrawn.v1"
OFFERED = "inventory.financing-plan-offered.v1"

_START = datetime(2026, 1, 1, tzinfo=UTC)
_MAKES = (("Nissan", "Versa"), ("ŠKODA", "Octavia"), ("Volkswagen", "Jetta"), ("SEAT", "León"))
_SOURCES = ("", "/dealers/cdmx", "/pricing")


@dataclass(frozen=True, slots=True)
class Event:
    """A message as a publisher sends it."""

    type: str
    source: str
    message_id: str
    data: dict[str, Any]

    @property
    def body(self) -> bytes:
        return json.dumps(self.data).encode()

    @property
    def routing_key(self) -> str:
        """The type; of a version to come, to which no queue is bound, that of the one before."""
        return self.type.replace(".v2", ".v1")

    @property
    def price(self) -> PriceObservation:
        occurred_at = datetime.fromisoformat(self.data["occurred_at"])
        amount = Decimal(self.data["price_mxn"])
        return PriceObservation(amount, occurred_at, self.source, self.message_id)

    @property
    def listing(self) -> ListingObservation:
        occurred_at = datetime.fromisoformat(self.data["occurred_at"])
        reason = WithdrawalReason(self.data["reason"]) if self.type == WITHDRAWN else None
        return ListingObservation(reason, occurred_at, self.source, self.message_id)

    @property
    def plan(self) -> FinancingPlan:
        data = self.data
        terms = FinancingTerms(
            Decimal(data["annual_rate"]),
            data["term_months"],
            Decimal(data["down_payment_mxn"]),
            Decimal(data["monthly_payment_mxn"]),
            Decimal(data["total_paid_mxn"]),
        )
        said = datetime.fromisoformat(data["occurred_at"]), self.source, self.message_id
        return FinancingPlan(data["plan_id"], data["car_id"], terms, *said)


ORDERS: dict[str, Callable[[Event], int]] = {
    "as it comes": lambda _: 0,
    "creations last": lambda event: event.type == CREATED,
    "withdrawals first": lambda event: event.type != WITHDRAWN,
    "withdrawals first, creations last": lambda event: (
        (event.type != WITHDRAWN) + (event.type == CREATED)
    ),
}
"""How to sort a history, by name; equal ones stay in random order."""


def fold(events: Iterable[Event]) -> dict[str, Car]:
    """The catalog of a set of events, regardless of order and repetition."""
    catalog: dict[str, Car] = {}
    by_car: dict[str, list[Event]] = {}
    for event in events:
        by_car.setdefault(event.data["car_id"], []).append(event)
    for car_id, told in by_car.items():
        creations = [event for event in told if event.type == CREATED]
        if creations:
            data = creations[0].data
            prices = [event.price for event in told if event.type in {CREATED, CHANGED}]
            listings = [event.listing for event in told if event.type in {CREATED, WITHDRAWN}]
            catalog[car_id] = Car(
                *(car_id, data["make"], data["model"], data["year"]),
                max(prices, key=_position),
                max(listings, key=_position),
            )
    return catalog


def fold_plans(events: Iterable[Event]) -> dict[str, FinancingPlan]:
    """The newest version of each plan for a car that is created, by id."""
    events = list(events)
    created = {event.data["car_id"] for event in events if event.type == CREATED}
    offers = [event.plan for event in events if event.type == OFFERED]
    known = (plan for plan in sorted(offers, key=_position) if plan.car_id in created)
    return {plan.id: plan for plan in known}


def _position(said: Observed) -> tuple[datetime, str, str]:
    return said.occurred_at, said.source, said.message_id


def random_history(
    rng: random.Random,
    *,
    cars: int,
    events: int,
    prefix: str,
    plans: float = 0.0,
    withdrawals: float = 0.0,
) -> list[Event]:
    """About `events` distinct events of `cars` cars, every car created, in random order.

    Ids begin with `prefix`, so that histories can share a database. Times are few, so that
    ties are common; some cars are created twice, by the same description. `plans` is the share
    of financing plans in what is no creation: few plans, each offered often, now and then for
    another car. `withdrawals` is the share of withdrawals.
    """
    described = [
        (f"{prefix}car-{i}", *rng.choice(_MAKES), rng.randint(2000, 2026)) for i in range(cars)
    ]
    history = [_created(rng, car, f"{prefix}c{i}") for i, car in enumerate(described)]
    for i in range(max(0, events - cars)):
        car = rng.choice(described)
        if plans and rng.random() < plans:
            plan_id = f"{prefix}plan-{rng.randrange(2 * cars)}"
            history.append(_offered(rng, car[0], plan_id, f"{prefix}f{i}"))
        elif withdrawals and rng.random() < withdrawals:
            history.append(_withdrawn(rng, car[0], f"{prefix}w{i}"))
        elif rng.random() < (withdrawals or 0.05):
            history.append(_created(rng, car, f"{prefix}d{i}"))
        else:
            history.append(_changed(rng, car[0], f"{prefix}p{i}"))
    rng.shuffle(history)
    return history


def with_duplicates(rng: random.Random, history: list[Event], share: float = 0.2) -> list[Event]:
    """The history with some events repeated, all in a new order."""
    again = [rng.choice(history) for _ in range(int(len(history) * share))]
    sent = [*history, *again]
    rng.shuffle(sent)
    return sent


def _created(rng: random.Random, car: tuple[str, str, str, int], message_id: str) -> Event:
    car_id, make, model, year = car
    described = {"car_id": car_id, "make": make, "model": model, "year": year}
    return Event(CREATED, rng.choice(_SOURCES), message_id, described | _price(rng))


def _changed(rng: random.Random, car_id: str, message_id: str) -> Event:
    return Event(CHANGED, rng.choice(_SOURCES), message_id, {"car_id": car_id} | _price(rng))


def _withdrawn(rng: random.Random, car_id: str, message_id: str) -> Event:
    told = {"car_id": car_id, "reason": rng.choice(("sold", "removed", "error"))} | _instant(rng)
    return Event(WITHDRAWN, rng.choice(_SOURCES), message_id, told)


def _offered(rng: random.Random, car_id: str, plan_id: str, message_id: str) -> Event:
    down, monthly, months = Decimal(rng.randrange(10**7)), _amount(rng), rng.randint(1, 120)
    terms = {
        "annual_rate": f"{rng.randrange(10)}.{rng.randrange(10**4):04d}",
        "term_months": months,
        "down_payment_mxn": str(down),
        "monthly_payment_mxn": str(monthly),
        "total_paid_mxn": str(down + months * monthly),
    }
    told = {"plan_id": plan_id, "car_id": car_id} | terms | _instant(rng)
    return Event(OFFERED, rng.choice(_SOURCES), message_id, told)


def _price(rng: random.Random) -> dict[str, str]:
    return {"price_mxn": str(_amount(rng))} | _instant(rng)


def _amount(rng: random.Random) -> Decimal:
    return Decimal(rng.randint(5_000_000, 200_000_000)).scaleb(-2)


def _instant(rng: random.Random) -> dict[str, str]:
    return {"occurred_at": (_START + timedelta(hours=rng.randrange(50))).isoformat()}
