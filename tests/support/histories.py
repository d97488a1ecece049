"""Random histories of events, and the catalog that each must end in."""

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from worker.domain.entities.car import Car, PriceObservation

CREATED = "inventory.car-created.v1"
CHANGED = "inventory.price-changed.v1"

_START = datetime(2026, 1, 1, tzinfo=UTC)
_MAKES = (("Nissan", "Versa"), ("ŠKODA", "Octavia"), ("Volkswagen", "Jetta"), ("SEAT", "León"))
_SOURCES = ("", "/dealers/cdmx", "/pricing")


@dataclass(frozen=True, slots=True)
class Event:
    """A message as a publisher has it."""

    type: str
    source: str
    message_id: str
    data: dict[str, Any]

    @property
    def body(self) -> bytes:
        return json.dumps(self.data).encode()

    @property
    def price(self) -> PriceObservation:
        occurred_at = datetime.fromisoformat(self.data["occurred_at"])
        amount = Decimal(self.data["price_mxn"])
        return PriceObservation(amount, occurred_at, self.source, self.message_id)


def fold(events: Iterable[Event]) -> dict[str, Car]:
    """The catalog of a set of events: order and repetition play no part."""
    events = list(events)
    catalog = {}
    for event in events:
        if event.type == CREATED:
            data = event.data
            catalog[data["car_id"]] = Car(
                data["car_id"], data["make"], data["model"], data["year"], event.price
            )
    for car_id, car in catalog.items():
        prices = [event.price for event in events if event.data["car_id"] == car_id]
        newest = max(prices, key=lambda price: (price.occurred_at, price.source, price.message_id))
        catalog[car_id] = car.priced(newest)
    return catalog


def random_history(rng: random.Random, *, cars: int, events: int, prefix: str) -> list[Event]:
    """About `events` distinct events of `cars` cars, every car created, in random order.

    Ids begin with `prefix`, so that histories can share a database. Times are few, so that
    ties are common; some cars are created twice, by the same description.
    """
    described = [
        (f"{prefix}car-{i}", *rng.choice(_MAKES), rng.randint(2000, 2026)) for i in range(cars)
    ]
    history = [_created(rng, car, f"{prefix}c{i}") for i, car in enumerate(described)]
    for i in range(max(0, events - cars)):
        car = rng.choice(described)
        if rng.random() < 0.05:
            history.append(_created(rng, car, f"{prefix}d{i}"))
        else:
            history.append(_changed(rng, car[0], f"{prefix}p{i}"))
    rng.shuffle(history)
    return history


def with_duplicates(rng: random.Random, history: list[Event], share: float = 0.2) -> list[Event]:
    """The history with some events sent again, all in a new order."""
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


def _price(rng: random.Random) -> dict[str, str]:
    occurred_at = _START + timedelta(hours=rng.randrange(50))
    return {
        "price_mxn": f"{rng.randint(50_000, 2_000_000)}.{rng.randrange(100):02d}",
        "occurred_at": occurred_at.isoformat(),
    }
