from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Self


@dataclass(frozen=True, slots=True)
class PriceObservation:
    """A price in pesos, when it was true upstream, and the message that said so."""

    amount: Decimal
    occurred_at: datetime
    source: str
    message_id: str

    def is_newer_than(self, other: Self) -> bool:
        """Compares by time, then source, then message id.

        The order is total, so that the same events end in the same catalog whatever
        order they arrive in.
        """
        return self._position > other._position

    def is_same_as(self, other: Self) -> bool:
        """Tells whether both are the one observation, seen again."""
        return self._position == other._position

    @property
    def _position(self) -> tuple[datetime, str, str]:
        return self.occurred_at, self.source, self.message_id


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
        return replace(self, price=price)
