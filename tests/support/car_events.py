"""Minimal events of a car."""

from dataclasses import replace

from tests.support.histories import CHANGED, CREATED, Event

SOURCE = "/dealers"


def creation(car_id: str, **changes: object) -> Event:
    """A valid creation of a Nissan Versa, with these changes."""
    described = {"car_id": car_id, "make": "Nissan", "model": "Versa", "year": 2020}
    price = {"price_mxn": "180000.00", "occurred_at": "2026-01-01T00:00:00Z"}
    return Event(CREATED, SOURCE, f"{car_id}-created", {**described, **price, **changes})


def price_change(car_id: str, price_mxn: str = "175000.00", **changes: object) -> Event:
    """Another price, a month later."""
    price = {"price_mxn": price_mxn, "occurred_at": "2026-02-01T00:00:00Z"}
    data = {"car_id": car_id, **price, **changes}
    return Event(CHANGED, SOURCE, f"{car_id}-priced-{price_mxn}", data)


def of_a_type_to_come(car_id: str = "nobody") -> Event:
    """What this release retries, and then makes a dead letter of: `unknown-type`."""
    return replace(price_change(car_id), type="inventory.price-changed.v2")
