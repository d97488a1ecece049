import asyncio

import pytest
from structlog.testing import capture_logs

from tests.support.settling import Listening, LosableChannel
from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.infra.durations import Durations
from worker.infra.messaging.consuming.store_retry import StoreRetry

IMPATIENT = Durations(first_pause=0.001, longest_pause=0.001)
PATIENT = Durations(first_pause=60, longest_pause=60)


class Store:
    """Is away for the first attempts, then answers."""

    def __init__(self, channel: LosableChannel, away: float) -> None:
        self._channel = channel
        self._away = away
        self.attempts = 0
        self.loses_subscription = False
        self.was_asked = asyncio.Event()

    async def work(self) -> str:
        await asyncio.sleep(0)
        self.attempts += 1
        self.was_asked.set()
        if self.loses_subscription:
            self._channel.is_lost = True
        if self.attempts <= self._away:
            raise StoreUnavailableError("away")
        return "done"


@pytest.fixture
def channel() -> LosableChannel:
    return LosableChannel()


@pytest.fixture
def observer() -> Listening:
    return Listening()


@pytest.fixture
def finishing() -> asyncio.Event:
    return asyncio.Event()


async def test_work_is_done_again_until_the_store_answers(
    channel: LosableChannel, observer: Listening, finishing: asyncio.Event
) -> None:
    store = Store(channel, away=3)

    done = await StoreRetry(observer, finishing, IMPATIENT).until_done(store.work, channel)

    assert (done, store.attempts) == ("done", 4)
    assert observer.store_problems == ["away", "away", "away"]
    assert channel.given_up == []


async def test_a_trouble_is_logged_once_although_another_batch_meets_none(
    channel: LosableChannel, observer: Listening, finishing: asyncio.Event
) -> None:
    retry, troubled = StoreRetry(observer, finishing, IMPATIENT), Store(channel, away=3)

    async def work() -> str:
        await retry.until_done(Store(channel, away=0).work, channel)
        return await troubled.work()

    with capture_logs() as logs:
        await retry.until_done(work, channel)

    assert [entry["reason"] for entry in logs] == ["away"]


async def test_after_the_hold_limit_the_deliveries_go_back_for_others(
    channel: LosableChannel, observer: Listening, finishing: asyncio.Event
) -> None:
    store = Store(channel, away=float("inf"))
    durations = Durations(first_pause=0.001, longest_pause=0.001, hold=0.02)

    async with asyncio.timeout(10):
        done = await StoreRetry(observer, finishing, durations).until_done(store.work, channel)

    assert done is None
    assert channel.given_up == ["the database was unavailable for longer than the limit"]
    assert store.attempts > 1


async def test_nothing_is_begun_for_deliveries_that_are_lost(
    channel: LosableChannel, observer: Listening, finishing: asyncio.Event
) -> None:
    channel.is_lost = True
    store = Store(channel, away=0)

    assert await StoreRetry(observer, finishing, IMPATIENT).until_done(store.work, channel) is None
    assert store.attempts == 0


async def test_work_that_fails_while_the_deliveries_are_lost_is_not_done_again(
    channel: LosableChannel, observer: Listening, finishing: asyncio.Event
) -> None:
    store = Store(channel, away=1)
    store.loses_subscription = True

    assert await StoreRetry(observer, finishing, IMPATIENT).until_done(store.work, channel) is None
    assert store.attempts == 1


async def test_what_must_be_done_even_if_they_are_lost_is_done(
    channel: LosableChannel, observer: Listening, finishing: asyncio.Event
) -> None:
    channel.is_lost = True
    store = Store(channel, away=2)

    done = await StoreRetry(observer, finishing, IMPATIENT).until_done(
        store.work, channel, even_if_lost=True
    )

    assert (done, store.attempts) == ("done", 3)


@pytest.mark.parametrize("even_if_lost", [True, False])
async def test_a_worker_that_finishes_waits_for_no_second_attempt(
    even_if_lost: bool,
    channel: LosableChannel,
    observer: Listening,
    finishing: asyncio.Event,
) -> None:
    store = Store(channel, away=float("inf"))
    doing = asyncio.create_task(
        StoreRetry(observer, finishing, PATIENT).until_done(
            store.work, channel, even_if_lost=even_if_lost
        )
    )
    await store.was_asked.wait()

    finishing.set()

    async with asyncio.timeout(10):
        assert await doing is None
    assert store.attempts == 1


async def test_a_worker_that_finishes_still_tries_once(
    channel: LosableChannel, observer: Listening, finishing: asyncio.Event
) -> None:
    finishing.set()
    store = Store(channel, away=0)

    assert await StoreRetry(observer, finishing, PATIENT).until_done(store.work, channel) == "done"


async def test_what_is_no_trouble_of_the_store_is_raised(
    channel: LosableChannel, observer: Listening, finishing: asyncio.Event
) -> None:
    async def broken() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await StoreRetry(observer, finishing, IMPATIENT).until_done(broken, channel)
    assert observer.store_problems == []
