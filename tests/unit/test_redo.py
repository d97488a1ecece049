"""How often a batch is done again, and how it is halved."""

from dataclasses import replace
from functools import partial

import pytest

from tests.support.car_events import creation
from tests.support.messages import message_of
from worker.application.apply_batch import ApplyBatch
from worker.application.outcomes import Failure, Outcome
from worker.application.rehearse import REHEARSED_AT_ONCE, Rehearsal
from worker.domain.error_code import ErrorCode
from worker.domain.ports.unit_of_work import (
    ConcurrentChangeError,
    StatementRefusedError,
    StoreUnavailableError,
)
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.memory.unit_of_work import InMemoryUnitOfWork, MemoryStore


class Races(InMemoryUnitOfWork):
    """Loses its first races against other workers."""

    def __init__(self, store: MemoryStore, begun: list[int], lost: int) -> None:
        super().__init__(store)
        begun.append(len(begun))
        self._loses = len(begun) <= lost

    async def commit(self) -> None:
        if self._loses:
            raise ConcurrentChangeError
        await super().commit()


class Refusing(InMemoryUnitOfWork):
    """Refuses some cars, and keeps the sizes of all transactions."""

    def __init__(self, store: MemoryStore, refused: set[str], sizes: list[int]) -> None:
        super().__init__(store)
        self._refused, self._sizes = refused, sizes

    async def commit(self) -> None:
        self._sizes.append(len(self.cars.pending))
        if self._refused & self.cars.pending.keys():
            raise StatementRefusedError("new row violates a check")
        await super().commit()


@pytest.mark.parametrize("lost", [0, 1, 9])
async def test_a_batch_that_loses_a_race_is_done_again(lost: int) -> None:
    store, begun = MemoryStore(), list[int]()

    results = await ApplyBatch(partial(Races, store, begun, lost))([message_of(creation("a"))])

    assert results == [Outcome.APPLIED]
    assert len(begun) == lost + 1
    assert store.cars.keys() == {"a"}


async def test_after_ten_lost_races_the_store_counts_as_unavailable() -> None:
    begun = list[int]()

    with pytest.raises(StoreUnavailableError, match="faster 10 times"):
        await ApplyBatch(partial(Races, MemoryStore(), begun, 100))([message_of(creation("a"))])

    assert len(begun) == 10


async def test_a_refused_batch_is_halved_until_the_one_to_blame_stands_alone() -> None:
    store, sizes = MemoryStore(), list[int]()
    batch = [message_of(creation(car_id)) for car_id in "abcde"]

    results = await ApplyBatch(partial(Refusing, store, {"d"}, sizes))(batch)

    assert sizes == [5, 2, 3, 1, 2, 1, 1, 1], "the last one presumes nothing"
    refused = results.pop(3)
    assert isinstance(refused, Failure)
    assert (refused.code, refused.detail) == (
        ErrorCode.UNEXPECTED_ERROR,
        "new row violates a check",
    )
    assert results == [Outcome.APPLIED] * 4


async def test_an_empty_batch_has_no_results() -> None:
    assert await ApplyBatch(partial(InMemoryUnitOfWork, MemoryStore()))([]) == []


async def test_what_was_recorded_as_failed_or_duplicate_leaves_no_second_record() -> None:
    store = MemoryStore()
    apply = ApplyBatch(partial(InMemoryUnitOfWork, store))
    created, other = message_of(creation("a")), message_of(creation("a", year=2021))

    await apply([created, created, replace(other, identity=MessageIdentity("/s", "other"))])

    assert store.processed.keys() == {created.identity}


async def test_a_rehearsal_goes_on_where_one_transaction_ends() -> None:
    messages = [message_of(creation(f"car-{i}")) for i in range(REHEARSED_AT_ONCE + 1)]
    bad = Failure(ErrorCode.INVALID_EVENT, "bad")
    sizes: list[int] = []
    apply = ApplyBatch(partial(Refusing, MemoryStore(), set(), sizes))

    results = await Rehearsal(apply)([bad, *messages, bad])

    assert results == [bad, *[Outcome.APPLIED] * (REHEARSED_AT_ONCE + 1), bad]
    assert sizes == [399, 2]


async def test_a_rehearsal_of_what_was_never_decoded_begins_no_transaction() -> None:
    bad, sizes = Failure(ErrorCode.INVALID_EVENT, "bad"), list[int]()
    apply = ApplyBatch(partial(Refusing, MemoryStore(), set(), sizes))

    assert await Rehearsal(apply)([bad]) == [bad]
    assert sizes == []
