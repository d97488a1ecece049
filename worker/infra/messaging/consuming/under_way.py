"""The batches that are being applied and settled."""

import asyncio
from collections.abc import Callable, Sequence

from worker.infra.messaging.consuming.received import Received

TOGETHER = 2
"""Batches at a time: the worker decides one while PostgreSQL works on the other."""


class UnderWay:
    """One batch, or two that have no car in common.

    So all that happens to a car is still applied in the order in which it was delivered.
    """

    def __init__(self, on_end: Callable[[], None]) -> None:
        self._on_end = on_end
        self._cars_of: dict[asyncio.Task[None], set[str]] = {}

    def __len__(self) -> int:
        return len(self._cars_of)

    @property
    def has_room(self) -> bool:
        """Whether another one may begin."""
        return len(self) < TOGETHER

    def touches(self, cars: set[str]) -> bool:
        """Whether one of them has to end before a batch about these cars begins."""
        return any(not theirs.isdisjoint(cars) for theirs in self._cars_of.values())

    def add(self, handling: asyncio.Task[None], cars: set[str]) -> None:
        """Counts a batch until its task has ended."""
        self._cars_of[handling] = cars
        handling.add_done_callback(self._remove)

    def _remove(self, handling: asyncio.Task[None]) -> None:
        del self._cars_of[handling]
        self._on_end()


def cars_in(batch: Sequence[Received]) -> set[str]:
    """The cars that a batch is about."""
    return {id_ for received in batch if (id_ := received.car_id) is not None}
