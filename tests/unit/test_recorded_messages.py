"""A usual batch does not ask which of its messages are recorded, and none is applied twice."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial

import pytest
from typing_extensions import override

from tests.support.car_events import creation
from tests.support.messages import message_of
from worker.application.apply_batch import ApplyBatch
from worker.application.outcomes import Outcome
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.memory.unit_of_work import (
    InMemoryProcessedMessages,
    InMemoryUnitOfWork,
    MemoryStore,
)

FIRST, OTHER = message_of(creation("a")), message_of(creation("b"))


class Asked(InMemoryProcessedMessages):
    def __init__(self, store: MemoryStore, asked: list[Collection[MessageIdentity]]) -> None:
        super().__init__(store.processed)
        self._asked = asked

    @override
    async def find(
        self, identities: Collection[MessageIdentity]
    ) -> Mapping[MessageIdentity, bytes]:
        self._asked.append(identities)
        return await super().find(identities)


class AskedUnitOfWork(InMemoryUnitOfWork):
    def __init__(self, store: MemoryStore, asked: list[Collection[MessageIdentity]]) -> None:
        super().__init__(store)
        self.processed_messages = Asked(store, asked)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def asked() -> list[Collection[MessageIdentity]]:
    return []


@pytest.fixture
def apply(store: MemoryStore, asked: list[Collection[MessageIdentity]]) -> ApplyBatch:
    return ApplyBatch(partial(AskedUnitOfWork, store, asked))


async def test_batches_ask_until_one_finds_nothing(
    apply: ApplyBatch, asked: list[Collection[MessageIdentity]]
) -> None:
    await apply([FIRST])
    await apply([OTHER])

    assert asked == [{FIRST.identity}]


async def test_what_comes_again_unexpected_is_a_duplicate_and_the_next_batch_asks(
    apply: ApplyBatch, asked: list[Collection[MessageIdentity]]
) -> None:
    await apply([FIRST])

    assert await apply([FIRST, OTHER]) == [Outcome.DUPLICATE, Outcome.APPLIED]
    assert await apply([FIRST, OTHER]) == [Outcome.DUPLICATE] * 2
    assert len(asked) == 3


async def test_what_would_fail_now_but_was_applied_before_is_a_duplicate(
    apply: ApplyBatch, store: MemoryStore
) -> None:
    await apply([FIRST])
    store.cars["a"] = replace(store.cars["a"], make="another since then")

    assert await apply([FIRST, OTHER]) == [Outcome.DUPLICATE, Outcome.APPLIED]
    assert store.cars.keys() == {"a", "b"}
