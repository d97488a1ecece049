"""What becomes of suspects by the number of their trials."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import pytest

from tests.support.settling import Listening, LosableChannel, delivery_of
from worker.application.outcomes import Failure
from worker.domain.error_code import ErrorCode
from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.consuming.store_retry import StoreRetry
from worker.infra.messaging.consuming.suspects import Suspects, trial_key

DURATIONS = Durations(first_pause=0.001, longest_pause=0.001)


class Site:
    """Suspects of one worker, the trials in its store, and what it did with them."""

    def __init__(self) -> None:
        self.channel = LosableChannel()
        self.observer = Listening()
        self.finishing = asyncio.Event()
        self.trials: Counter[bytes] = Counter()
        self.begun_by_others: Counter[bytes] = Counter()  # between our look and our trial
        self.tried: list[list[str | None]] = []
        self.given_up: list[str | None] = []
        self.copies_are_safe = True
        self.away = 0
        self.suspects = Suspects(
            trials=self,
            give_up=self._give_up,
            observer=self.observer,
            store_retry=StoreRetry(self.observer, self.finishing, DURATIONS),
            finishing=self.finishing,
        )

    def suspect(self, name: str, trials: int) -> Delivery:
        suspect = delivery_of(1, self.channel, name)
        if trials:
            self.trials[trial_key(suspect.message)] = trials
        return suspect

    async def handle(self, **trials: int) -> None:
        suspects = [self.suspect(name, count) for name, count in trials.items()]
        await self.suspects.handle(suspects, self.try_)

    async def try_(self, suspects: Sequence[Delivery]) -> None:
        self.tried.append([suspect.message.properties.message_id for suspect in suspects])

    @property
    def trials_left(self) -> list[int]:
        """The counts that are still in the store."""
        return sorted(self.trials.values())

    async def count(self, keys: Collection[bytes]) -> Mapping[bytes, int]:
        return {key: self.trials[key] for key in keys if key in self.trials}

    async def begin(self, keys: Collection[bytes]) -> Mapping[bytes, int]:
        self.trials += self.begun_by_others
        self.trials.update(keys)
        return {key: self.trials[key] for key in keys}

    async def end(self, keys: Collection[bytes]) -> None:
        if self.away:
            self.away -= 1
            raise StoreUnavailableError("away")
        for key in keys:
            del self.trials[key]

    async def _give_up(self, received: Received, failure: Failure) -> bool:
        assert failure.code is ErrorCode.REDELIVERED_TOO_OFTEN
        self.given_up.append(received.delivery.message.properties.message_id)
        return self.copies_are_safe


@pytest.fixture
def site() -> Site:
    return Site()


async def test_suspects_share_their_first_two_trials_and_are_tried_alone_afterwards(
    site: Site,
) -> None:
    await site.handle(third=2, first=0, second=1)

    assert site.tried == [["first", "second"], ["third"]]


async def test_a_trial_is_counted_before_it_is_made_and_ended_after_it(site: Site) -> None:
    counted: list[list[int]] = []

    async def try_(suspects: Sequence[Delivery]) -> None:
        assert suspects
        counted.append(site.trials_left)

    await site.suspects.handle([site.suspect("a", 0), site.suspect("b", 1)], try_)

    assert counted == [[1, 2]]
    assert site.trials_left == []


async def test_the_fifth_trial_is_made_and_the_sixth_is_not(site: Site) -> None:
    await site.handle(fifth=4, sixth=5)

    assert site.tried == [["fifth"]]
    assert site.given_up == ["sixth"]
    [(type_, failure)] = site.observer.given_up
    assert (type_, failure.code) == ("invalid", ErrorCode.REDELIVERED_TOO_OFTEN)
    assert failure.detail.startswith("tried 5 times")
    assert site.trials_left == []


async def test_one_that_is_given_up_does_not_cost_those_beside_it_their_trial(site: Site) -> None:
    worn, fresh = site.suspect("worn", 0), site.suspect("fresh", 0)
    site.begun_by_others[trial_key(worn.message)] = 5

    await site.suspects.handle([worn, fresh], site.try_)

    assert (site.given_up, site.tried) == (["worn"], [["fresh"]])
    assert site.trials_left == []


async def test_one_whose_copy_is_not_safe_keeps_its_count(site: Site) -> None:
    site.copies_are_safe = False

    await site.handle(sixth=5)

    assert site.trials_left == [6]
    assert site.observer.given_up == []
    assert site.tried == []


async def test_a_trial_that_we_survive_is_ended_even_if_the_deliveries_are_lost(site: Site) -> None:
    async def try_(suspects: Sequence[Delivery]) -> None:
        suspects[0].subscription.give_up("the broker is gone")

    site.away = 2
    await site.suspects.handle([site.suspect("a", 0)], try_)

    assert site.trials_left == []


async def test_a_trial_that_ends_in_an_error_keeps_its_count(site: Site) -> None:
    async def try_(suspects: Sequence[Delivery]) -> None:
        raise KeyError(len(suspects))

    with pytest.raises(KeyError):
        await site.suspects.handle([site.suspect("a", 0)], try_)
    assert site.trials_left == [1]


async def test_no_trial_is_begun_for_suspects_that_are_lost(site: Site) -> None:
    site.channel.is_lost = True

    await site.handle(a=0, b=2)

    assert site.tried == []
    assert site.trials_left == [2]


async def test_deliveries_lost_before_their_trial_are_not_tried(site: Site) -> None:
    async def lose_the_others(suspects: Sequence[Delivery]) -> None:
        await site.try_(suspects)
        site.channel.is_lost = True

    await site.suspects.handle([site.suspect("a", 2), site.suspect("b", 3)], lose_the_others)

    assert site.tried == [["a"]]


async def test_a_worker_that_finishes_begins_no_further_trial_alone(site: Site) -> None:
    async def finish(suspects: Sequence[Delivery]) -> None:
        await site.try_(suspects)
        site.finishing.set()

    await site.suspects.handle([site.suspect("a", 2), site.suspect("b", 3)], finish)

    assert site.tried == [["a"]]
    assert site.trials_left == [3]
