from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Self

from worker.domain.entities.observed import Observed


@dataclass(frozen=True, slots=True)
class PriceObservation(Observed):
    """A price in pesos, when it was true upstream, and the message that said so."""

    amount: Decimal
    occurred_at: datetime
    source: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Car:
    """A car of the catalog, with the newest price that anybody observed for it."""

    id: str
    make: str
    model: str
    year: int
    price: PriceObservation

    def is_described_as(self, make: str, model: str, year: int) -> bool:
        """Tells whether this is the car that somebody describes."""
        return (self.make, self.model, self.year) == (make, model, year)

    def priced(self, price: PriceObservation) -> Self:
        """The same car with another price."""
        # Spelled out, since every price change makes a car: `replace` takes 1.4 µs, this 0.6 µs.
        # `tests/unit/test_car.py` fails where a field is forgotten.
        return type(self)(self.id, self.make, self.model, self.year, price)
