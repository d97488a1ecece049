from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest

from tests.support.applying import applying, changed, created
from tests.support.histories import CHANGED, Event, fold
from worker.application.apply_batch import ApplyBatch
from worker.application.catalog_state import CatalogState
from worker.application.commands import Command
from worker.application.decide import dispatch
from worker.application.outcomes import Decision, Failure, Outcome
from worker.domain.error_code import ErrorCode
from worker.domain.ports.unit_of_work import StatementRefusedError, StoreUnavailableError
from worker.infra.memory.unit_of_work import InMemoryUnitOfWork, MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


async def test_a_created_car_is_in_the_catalog(store: MemoryStore) -> None:
    assert await applying(store)([created()]) == [Outcome.APPLIED]

    assert store.cars["a"].make == "Nissan"


async def test_a_redelivered_message_changes_nothing(store: MemoryStore) -> None:
    apply = applying(store)
    await apply([created()])

    assert await apply([created(), created()]) == [Outcome.DUPLICATE, Outcome.DUPLICATE]


async def test_a_duplicate_within_a_batch_is_told_apart(store: MemoryStore) -> None:
    assert await applying(store)([created(), created()]) == [Outcome.APPLIED, Outcome.DUPLICATE]


async def test_an_id_reused_for_another_command_is_refused(store: MemoryStore) -> None:
    results = await applying(store)([created(), created(year=2021)])

    assert results[0] is Outcome.APPLIED
    assert isinstance(results[1], Failure)
    assert results[1].code is ErrorCode.MESSAGE_ID_REUSED


async def test_a_price_change_that_overtook_its_creation_needs_no_retry(
    store: MemoryStore,
) -> None:
    newer = changed(price_mxn="200.00", occurred_at="2026-02-01T00:00:00+00:00")

    assert await applying(store)([newer, created()]) == [Outcome.APPLIED, Outcome.APPLIED]
    assert str(store.cars["a"].price.amount) == "200.00"


async def test_an_older_price_is_stale_and_recorded(store: MemoryStore) -> None:
    older = changed(occurred_at="2025-01-01T00:00:00+00:00")

    assert await applying(store)([created(), older]) == [Outcome.APPLIED, Outcome.STALE]
    assert len(store.processed) == 2


async def test_another_description_of_an_existing_car_is_refused(store: MemoryStore) -> None:
    results = await applying(store)([created(), created(message_id="c2", year=2021)])

    assert isinstance(results[1], Failure)
    assert results[1].code is ErrorCode.CAR_ALREADY_EXISTS
    assert store.cars["a"].year == 2020


async def test_an_event_seen_again_after_its_id_was_pruned_is_unchanged(
    store: MemoryStore,
) -> None:
    apply = applying(store)
    await apply([created()])
    store.processed.clear()

    assert await apply([created()]) == [Outcome.UNCHANGED]


async def test_a_bug_that_hits_one_car_costs_that_message_only(store: MemoryStore) -> None:
    def broken(command: Command, catalog: CatalogState) -> Decision:
        if command.car_id == "b":
            raise ZeroDivisionError
        return dispatch(command, catalog)

    apply = ApplyBatch(partial(InMemoryUnitOfWork, store), broken)
    results = await apply([created("a", "1"), created("b", "2"), created("c", "3")])

    assert [results[0], results[2]] == [Outcome.APPLIED, Outcome.APPLIED]
    assert isinstance(results[1], Failure)
    assert results[1].code is ErrorCode.UNEXPECTED_ERROR
    assert set(store.cars) == {"a", "c"}


class RefusingUnitOfWork(InMemoryUnitOfWork):
    """A store that refuses any transaction with one of the cars."""

    refused = frozenset({"bad-1", "bad-2"})

    async def commit(self) -> None:
        if self.refused & set(self.cars.pending):
            raise StatementRefusedError("value too strange")
        await super().commit()


async def test_a_message_the_store_refuses_costs_only_itself(store: MemoryStore) -> None:
    batch = [created(f"car-{i}", f"m{i}") for i in range(20)]
    batch[3], batch[17] = created("bad-1", "x"), created("bad-2", "y")

    results = await ApplyBatch(partial(RefusingUnitOfWork, store))(batch)

    failed = [i for i, result in enumerate(results) if isinstance(result, Failure)]
    assert failed == [3, 17]
    assert len(store.cars) == 18


async def test_ids_are_committed_together_with_what_they_changed(store: MemoryStore) -> None:
    committed = []

    class Observed(InMemoryUnitOfWork):
        async def commit(self) -> None:
            await super().commit()
            committed.append((len(store.cars), len(store.processed)))

    await ApplyBatch(partial(Observed, store))([created(), changed()])

    assert committed == [(1, 2)]


async def test_a_store_that_is_away_is_no_fault_of_a_message() -> None:
    class Away(InMemoryUnitOfWork):
        async def commit(self) -> None:
            raise StoreUnavailableError("away")

    with pytest.raises(StoreUnavailableError):
        await ApplyBatch(lambda: Away(MemoryStore()))([created()])


def test_the_fold_itself_takes_the_newest_price() -> None:
    now: Callable[[int], str] = lambda day: datetime(2026, 1, day, tzinfo=UTC).isoformat()  # noqa: E731 - a name for the line below
    history = [
        Event(
            "inventory.car-created.v1",
            "",
            "1",
            {
                "car_id": "a",
                "make": "M",
                "model": "N",
                "year": 2020,
                "price_mxn": "1.00",
                "occurred_at": now(1),
            },
        ),
        Event(CHANGED, "", "2", {"car_id": "a", "price_mxn": "3.00", "occurred_at": now(3)}),
        Event(CHANGED, "", "3", {"car_id": "a", "price_mxn": "2.00", "occurred_at": now(2)}),
    ]

    assert str(fold(history)["a"].price.amount) == "3.00"
