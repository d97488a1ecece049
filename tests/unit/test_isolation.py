from functools import partial

import pytest

from tests.support.car_events import creation, price_change
from tests.support.messages import message_of
from worker.application.apply_batch import ApplyBatch
from worker.application.catalog_state import CatalogState
from worker.application.commands import Command
from worker.application.decide import dispatch
from worker.application.outcomes import Decision, Failure, Outcome
from worker.domain.error_code import ErrorCode
from worker.domain.ports.unit_of_work import StatementRefusedError
from worker.infra.memory.unit_of_work import InMemoryUnitOfWork, MemoryStore


class PickyStore(MemoryStore):
    """Refuses any transaction that stores one of these cars, and counts how often it was asked."""

    refused: frozenset[str] = frozenset()
    transactions = 0

    def begin(self) -> InMemoryUnitOfWork:
        return PickyUnitOfWork(self)


class PickyUnitOfWork(InMemoryUnitOfWork):
    def __init__(self, store: PickyStore) -> None:
        super().__init__(store)
        self._picky = store

    async def commit(self) -> None:
        self._picky.transactions += 1
        if self._picky.refused & self.cars.pending.keys():
            raise StatementRefusedError("new row violates check constraint (23514)")
        await super().commit()


@pytest.fixture
def store() -> PickyStore:
    return PickyStore()


@pytest.mark.parametrize(("position", "size"), [(0, 400), (399, 400), (123, 400), (0, 1), (1, 2)])
async def test_one_refused_message_costs_few_transactions_and_no_neighbour(
    position: int, size: int, store: PickyStore
) -> None:
    store.refused = frozenset({f"car-{position}"})
    batch = [message_of(creation(f"car-{i}")) for i in range(size)]

    results = await ApplyBatch(store.begin)(batch)

    assert [i for i, result in enumerate(results) if isinstance(result, Failure)] == [position]
    assert len(store.cars) == size - 1
    assert store.transactions <= 20  # two for each halving of 400, the first, and one that asks


async def test_each_result_is_that_of_its_message(store: PickyStore) -> None:
    store.refused = frozenset({"b"})
    batch = [
        message_of(event)
        for event in (price_change("a"), creation("b"), creation("a"), price_change("nobody"))
    ]

    first, second, third, fourth = await ApplyBatch(store.begin)(batch)

    assert (first, third) == (Outcome.APPLIED, Outcome.APPLIED)
    assert isinstance(second, Failure)
    assert second.code is ErrorCode.UNEXPECTED_ERROR
    assert fourth is Outcome.EARLY


@pytest.mark.parametrize("refused_at", range(6))
async def test_a_price_change_finds_its_creation_however_the_batch_is_halved(
    refused_at: int, store: PickyStore
) -> None:
    store.refused = frozenset({"bad"})
    events = [price_change("a"), price_change("c"), creation("a"), creation("b"), creation("c")]
    events.insert(refused_at, creation("bad"))

    results = await ApplyBatch(store.begin)([message_of(event) for event in events])

    assert isinstance(results.pop(refused_at), Failure)
    assert results == [Outcome.APPLIED] * 5


async def test_the_detail_of_a_bug_names_its_place_and_none_of_its_words() -> None:
    def broken(command: Command, catalog: CatalogState) -> Decision:
        if command.car_id == "b":
            raise ZeroDivisionError("a secret of the message")
        return dispatch(command, catalog)

    apply = ApplyBatch(partial(InMemoryUnitOfWork, MemoryStore()), broken)
    _, failure = await apply([message_of(creation("a")), message_of(creation("b"))])

    assert isinstance(failure, Failure)
    assert failure.code is ErrorCode.UNEXPECTED_ERROR
    assert failure.detail.startswith("ZeroDivisionError at test_isolation.py:")
    assert "secret" not in failure.detail
