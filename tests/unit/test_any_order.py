"""Every permutation of a set of events ends in its fold, without a failure."""

import random
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.histories import (
    CREATED,
    ORDERS,
    Event,
    fold,
    fold_plans,
    random_history,
    with_duplicates,
)
from tests.support.messages import message_of
from worker.application.apply_batch import ApplyBatch
from worker.application.outcomes import Failure
from worker.infra.memory.unit_of_work import InMemoryUnitOfWork, MemoryStore


async def _apply_all(
    rng: random.Random, store: MemoryStore, sent: list[Event], size: int, emptied: float
) -> None:
    apply = ApplyBatch(partial(InMemoryUnitOfWork, store))
    messages = [message_of(event) for event in sent]
    while messages:
        batch, messages = messages[:size], messages[size:]
        results = await apply(batch)
        assert not [result for result in results if isinstance(result, Failure)]
        if rng.random() < emptied:
            store.processed.clear()


@examples(4_000)
@given(
    seed=st.integers(0, 2**32),
    batch_size=st.integers(1, 7),
    emptied=st.sampled_from([0.0, 0.3, 1.0]),
    order=st.sampled_from(sorted(ORDERS)),
)
async def test_any_order_with_duplicates_ends_in_the_fold_even_if_ids_are_lost(
    seed: int, batch_size: int, emptied: float, order: str
) -> None:
    rng, store = random.Random(seed), MemoryStore()
    cars, events = rng.randint(1, 4), rng.randint(1, 20)
    history = random_history(rng, cars=cars, events=events, prefix="", plans=0.3, withdrawals=0.3)
    uncreated = {f"car-{i}" for i in range(cars) if rng.random() < 0.2}
    history = [e for e in history if e.type != CREATED or e.data["car_id"] not in uncreated]
    sent = sorted(with_duplicates(rng, history, share=0.5), key=ORDERS[order])

    await _apply_all(rng, store, sent, batch_size, emptied)

    assert store.cars == fold(history)
    assert store.financing_plans == fold_plans(history)
    assert {early.car_id for early in store.early.values()} <= uncreated


@examples(60)
@given(
    seed=st.integers(0, 2**32),
    batch_size=st.integers(1, 400),
    order=st.sampled_from(sorted(ORDERS)),
)
async def test_large_batches_end_in_the_fold_too(seed: int, batch_size: int, order: str) -> None:
    rng, store = random.Random(seed), MemoryStore()
    history = random_history(rng, cars=40, events=400, prefix="", plans=0.2, withdrawals=0.1)
    sent = sorted(with_duplicates(rng, history), key=ORDERS[order])

    await _apply_all(rng, store, sent, batch_size, emptied=0.2)

    assert store.cars == fold(history)
    assert store.financing_plans == fold_plans(history)
    assert not store.early
