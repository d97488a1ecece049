"""Batches that presume their creations to be of new cars, and their ids to be new."""

import asyncio
from collections.abc import Collection, Mapping
from functools import partial
from typing import Self

import pytest
from typing_extensions import override

from tests.support.applying import applying, changed, created
from worker.application.apply_batch import ApplyBatch
from worker.application.catalog_state import CatalogState
from worker.application.commands import Command
from worker.application.decide import dispatch
from worker.application.outcomes import Decision, Failure, Outcome
from worker.domain.entities.car import Car
from worker.domain.error_code import ErrorCode
from worker.domain.ports.unit_of_work import StatementRefusedError
from worker.infra.memory.unit_of_work import InMemoryUnitOfWork, MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


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
