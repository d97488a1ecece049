"""Batches of a few events, applied to the store in memory."""

from functools import partial

from tests.support.histories import CHANGED, Event
from tests.support.messages import message_of
from worker.application.apply_batch import ApplyBatch
from worker.application.commands import CommandMessage
from worker.infra.memory.unit_of_work import InMemoryUnitOfWork, MemoryStore


def applying(store: MemoryStore) -> ApplyBatch:
    """Applies batches to the store."""
    return ApplyBatch(partial(InMemoryUnitOfWork, store))


def created(car_id: str = "a", message_id: str = "c", **changes: object) -> CommandMessage:
    data = {"car_id": car_id, "make": "Nissan", "model": "Versa", "year": 2020}
    return message_of(_event("inventory.car-created.v1", message_id, data | changes))


def changed(car_id: str = "a", message_id: str = "p", **changes: object) -> CommandMessage:
    return message_of(_event(CHANGED, message_id, {"car_id": car_id} | changes))


def _event(type_: str, message_id: str, data: dict[str, object]) -> Event:
    price = {"price_mxn": "100.00", "occurred_at": "2026-01-01T00:00:00+00:00"}
    return Event(type_, "/s", message_id, price | data)
