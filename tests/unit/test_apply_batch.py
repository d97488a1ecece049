import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Self

import pytest
from typing_extensions import override

from tests.support.histories import CHANGED, Event, fold
from tests.support.messages import message_of
from worker.application.apply_batch import ApplyBatch
from worker.application.catalog_state import CatalogState
from worker.application.commands import Command, CommandMessage
from worker.application.decide import dispatch
from worker.application.outcomes import Decision, Failure, Outcome
from worker.domain.entities.car import Car
from worker.domain.error_code import ErrorCode
from worker.domain.ports.unit_of_work import StatementRefusedError, StoreUnavailableError
from worker.infra.memory.unit_of_work import InMemoryUnitOfWork, MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def applying(store: MemoryStore) -> ApplyBatch:
    return ApplyBatch(partial(InMemoryUnitOfWork, store))


def created(car_id: str = "a", message_id: str = "c", **changes: object) -> CommandMessage:
    data = {"car_id": car_id, "make": "Nissan", "model": "Versa", "year": 2020}
    return message_of(_event("inventory.car-created.v1", message_id, data | changes))


def changed(car_id: str = "a", message_id: str = "p", **changes: object) -> CommandMessage:
    return message_of(_event(CHANGED, message_id, {"car_id": car_id} | changes))


def _event(type_: str, message_id: str, data: dict[str, object]) -> Event:
    price = {"price_mxn": "100.00", "occurred_at": "2026-01-01T00:00:00+00:00"}
    return Event(type_, "/s", message_id, price | data)


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


async def test_a_usual_batch_does_not_ask_whether_its_new_cars_exist(store: MemoryStore) -> None:
    asked: list[set[str]] = []

    class Observed(InMemoryUnitOfWork):
        def __init__(self, store: MemoryStore) -> None:
            super().__init__(store)
            lock = self.cars.lock

            async def observed(
                ids: Collection[str], /, *, whole: Collection[str] | None = None
            ) -> Mapping[str, Car]:
                asked.append(set(ids))
                return await lock(ids, whole=whole)

            self.cars.lock = observed  # type: ignore[method-assign]

    apply = ApplyBatch(partial(Observed, store))
    await apply([created("a", "1")])
    await apply([created("b", "2"), changed("a", "3")])

    assert asked == [{"a"}, {"a"}]


async def test_cars_that_turn_out_to_exist_are_asked_for(store: MemoryStore) -> None:
    apply = applying(store)
    await apply([created("a", "1")])
    await apply([changed("a", "2")])

    results = await apply([created("a", "3", year=2021), created("b", "4")])

    assert isinstance(results[0], Failure)
    assert results[0].code is ErrorCode.CAR_ALREADY_EXISTS
    assert results[1] is Outcome.APPLIED
    assert store.cars["a"].year == 2020


class Waiting(InMemoryUnitOfWork):
    """Begins once it may."""

    def __init__(self, store: MemoryStore, may_begin: asyncio.Event) -> None:
        super().__init__(store)
        self._may_begin = may_begin

    @override
    async def __aenter__(self) -> Self:
        await self._may_begin.wait()
        return await super().__aenter__()


def triggered(work: InMemoryUnitOfWork) -> InMemoryUnitOfWork:
    """Refuses new cars, as by a trigger: PostgreSQL runs it before it looks whether one exists."""

    async def refuse(entities: Collection[Car], /) -> None:
        if entities:
            raise StatementRefusedError("refused by a trigger")

    work.cars.add = refuse  # type: ignore[method-assign]
    return work


async def test_a_creation_refused_as_new_is_tried_as_one_of_a_known_car(
    store: MemoryStore,
) -> None:
    await applying(store)([created()])
    apply = ApplyBatch(lambda: triggered(InMemoryUnitOfWork(store)))
    await apply([changed()])

    assert await apply([created(message_id="c2")]) == [Outcome.APPLIED]


async def test_a_batch_that_asks_does_so_whatever_another_one_finds_meanwhile(
    store: MemoryStore,
) -> None:
    await applying(store)([created()])
    may_begin = asyncio.Event()
    attempts = iter([Waiting(store, may_begin), InMemoryUnitOfWork(store)])
    apply = ApplyBatch(lambda: triggered(next(attempts)))
    first = asyncio.create_task(apply([created(message_id="c2")]))
    await asyncio.sleep(0)
    await apply([changed()])

    may_begin.set()

    assert await first == [Outcome.APPLIED]


async def test_what_a_batch_finds_recorded_is_not_forgotten_for_one_that_did_not_ask(
    store: MemoryStore,
) -> None:
    await applying(store)([created("a"), created("b", "b")])
    may_begin = asyncio.Event()
    attempts = [InMemoryUnitOfWork(store) for _ in range(4)]
    attempts.insert(1, Waiting(store, may_begin))
    apply = ApplyBatch(lambda: attempts.pop(0))
    await apply([created("d", "d")])
    first = asyncio.create_task(apply([created("e", "e")]))
    await asyncio.sleep(0)
    assert await apply([created("a")]) == [Outcome.DUPLICATE]
    may_begin.set()
    await first
    assert len(attempts) == 1

    assert await apply([created("b", "b")]) == [Outcome.DUPLICATE]


async def test_a_failure_that_is_none_of_a_known_car_does_not_stay(store: MemoryStore) -> None:
    def fails_for_new_cars(command: Command, catalog: CatalogState) -> Decision:
        if catalog.cars.get(command.car_id) is None and command.car_id in store.cars:
            raise ZeroDivisionError
        return dispatch(command, catalog)

    apply = ApplyBatch(partial(InMemoryUnitOfWork, store), fails_for_new_cars)
    await apply([created("a", "1")])
    await apply([changed("a", "2")])

    assert await apply([created("a", "3")]) == [Outcome.APPLIED]


async def test_a_failure_of_a_recorded_message_is_a_duplicate(store: MemoryStore) -> None:
    class Broken:
        on = False

        def __call__(self, command: Command, catalog: CatalogState) -> Decision:
            if self.on:
                raise ZeroDivisionError
            return dispatch(command, catalog)

    broken = Broken()
    apply = ApplyBatch(partial(InMemoryUnitOfWork, store), broken)
    await apply([created()])
    await apply([changed()])
    broken.on = True

    assert await apply([changed()]) == [Outcome.DUPLICATE]
