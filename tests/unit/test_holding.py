import asyncio

import pytest
from pamqp.commands import Basic
from structlog.testing import capture_logs

from tests.support.settling import Listening, LosableChannel, delivery_of
from worker.application.outcomes import Failure, Outcome, Result
from worker.domain.error_code import ErrorCode
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.consuming.breaker import HANDFUL
from worker.infra.messaging.consuming.holding import Holding
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.headers import REPLAYS
from worker.infra.messaging.names import WORKER_EXCHANGE

BUG = Failure(ErrorCode.UNEXPECTED_ERROR, "ZeroDivisionError", ("worker/a.py:1", "there"))
UNKNOWN = Failure(ErrorCode.UNKNOWN_TYPE, "type")
INVALID = Failure(ErrorCode.INVALID_EVENT, "bad")
DURATIONS = Durations(first_pause=0.001, longest_pause=0.001, hold=30, bug_log_repeat=60)


class Site:
    """A holding with a clock that only tests move."""

    def __init__(self, durations: Durations = DURATIONS) -> None:
        self.now = 0.0
        self.observer = Listening()
        self.finishing = asyncio.Event()
        self.channel = LosableChannel()
        self.holding = Holding(self.observer, self.finishing, durations, lambda: self.now)

    def results(self, count: int, each: Result) -> list[tuple[Received, Result]]:
        return [self.result(f"{each}{i}", each) for i in range(count)]

    def result(self, id_: str, result: Result) -> tuple[Received, Result]:
        return Received(delivery_of(1, self.channel, id_), BUG), result

    def fail(self) -> None:
        assert self.holding.hold(self.results(HANDFUL, BUG)) == []


@pytest.fixture
def site() -> Site:
    return Site()


async def test_what_fails_is_held_and_tried_again_and_the_rest_is_settled(site: Site) -> None:
    good, invalid = site.result("good", Outcome.APPLIED), site.result("invalid", INVALID)
    unknown, bad = site.result("unknown", UNKNOWN), site.results(HANDFUL, BUG)

    settled = site.holding.hold([good, *bad, invalid, unknown])

    assert settled == [good, invalid, unknown]
    assert await site.holding.rest() == [received.delivery for received, _ in bad]
    assert await site.holding.rest() == []


async def test_few_failures_are_settled(site: Site) -> None:
    results = [*site.results(4, BUG), *site.results(4, Outcome.APPLIED)]

    assert site.holding.hold(results) == results
    assert site.holding.limit(400) == 400
    assert site.observer.holding_because == []


def test_while_messages_are_held_a_handful_is_tried_at_once(site: Site) -> None:
    site.fail()

    assert site.holding.limit(400) == HANDFUL
    assert site.holding.limit(2) == 2


def test_a_replay_is_not_held_for_somebody_waits_for_its_outcome(site: Site) -> None:
    site.fail()
    properties = Basic.Properties(message_id="replayed", headers={REPLAYS: 1})
    delivery = Delivery(Message(b"", properties, WORKER_EXCHANGE, "k"), 1, site.channel)
    results: list[tuple[Received, Result]] = [(Received(delivery, BUG), BUG)]

    assert site.holding.hold(results) == results


def test_readiness_is_told_the_fault_and_its_end(site: Site) -> None:
    site.fail()
    assert site.observer.holding_because == [
        "most messages fail, so they are held: ZeroDivisionError"
    ]

    mended = site.results(1, BUG)[0][0], Outcome.APPLIED
    assert site.holding.hold([mended]) == [mended]
    assert site.observer.holding_because[-1] is None
    assert site.holding.limit(400) == 400


def test_the_fault_is_logged_as_an_error_once_a_minute(site: Site) -> None:
    with capture_logs() as logged:
        for site.now in (0, 1, 60, 61, 62):
            site.channel = LosableChannel()
            site.fail()

    assert [line["place"] for line in logged] == ["worker/a.py:1 > there"] * 2
    assert {line["log_level"] for line in logged} == {"error"}


def test_the_messages_are_given_back_after_the_hold_limit(site: Site) -> None:
    site.fail()
    site.now = 30
    site.fail()
    assert site.channel.given_up == []

    site.now = 31
    site.fail()

    assert len(site.channel.given_up) == 1


def test_each_subscription_has_its_own_hold_limit(site: Site) -> None:
    site.fail()
    site.now = 31
    site.channel = LosableChannel()

    site.fail()

    assert site.channel.given_up == []


async def test_the_end_of_the_worker_ends_a_pause() -> None:
    patient = Site(Durations(first_pause=60, longest_pause=60))
    patient.fail()
    patient.finishing.set()

    async with asyncio.timeout(10):
        assert len(await patient.holding.rest()) == HANDFUL
