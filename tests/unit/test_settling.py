import asyncio

import pytest
from pamqp.commands import Basic

from tests.support.messages import clock
from tests.support.settling import RecordingChannel, ScriptedPublisher, Silent
from worker.application.outcomes import Failure, Outcome
from worker.domain.error_code import ErrorCode
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.consuming.next_copy import MAY_SUCCEED_LATER, next_queue
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.consuming.settling import Settler
from worker.infra.messaging.history import History
from worker.infra.messaging.retry_delays import parse_retry_delays

DELAYS = parse_retry_delays("5s,30s")
DEAD = "inventory-worker.dead-letters"
BAD = Failure(ErrorCode.INVALID_EVENT, "make: is missing")


@pytest.fixture
def channel() -> RecordingChannel:
    return RecordingChannel()


@pytest.fixture
def publisher(channel: RecordingChannel) -> ScriptedPublisher:
    return ScriptedPublisher(channel)


@pytest.fixture
def settler(publisher: ScriptedPublisher) -> Settler:
    return Settler(publisher, DELAYS, Silent(), clock, DEFAULT_DURATIONS)


def received(tag: int, message_id: str, channel: RecordingChannel) -> Received:
    properties = Basic.Properties(message_id=message_id)
    return Received(
        Delivery(Message(b"{}", properties, "inventory.events", "k"), tag, channel), BAD
    )


@pytest.mark.parametrize("code", ErrorCode)
def test_only_what_may_succeed_later_is_retried(code: ErrorCode) -> None:
    history = History(0, 0, None, "inventory.events", "k")

    queue = next_queue(Failure(code, ""), history, DELAYS)

    assert queue == ("inventory-worker.retry.5s" if code in MAY_SUCCEED_LATER else DEAD)


def test_the_codes_that_are_retried_are_those_of_the_design() -> None:
    assert {"unknown-type", "unexpected-error"} == MAY_SUCCEED_LATER


@pytest.mark.parametrize(
    ("attempts", "replays", "queue"),
    [
        (1, 0, "inventory-worker.retry.30s"),
        (2, 0, DEAD),
        (2**31 - 1, 0, DEAD),
        (0, 1, DEAD),
    ],
)
def test_after_the_last_delay_or_a_replay_comes_the_dead_letter(
    attempts: int, replays: int, queue: str
) -> None:
    history = History(attempts, replays, None, "inventory.events", "k")

    assert next_queue(Failure(ErrorCode.UNKNOWN_TYPE, ""), history, DELAYS) == queue


async def test_a_copy_that_hangs_keeps_nobody_else_waiting(
    settler: Settler, channel: RecordingChannel, publisher: ScriptedPublisher
) -> None:
    hanging, bad = received(1, "hangs", channel), received(2, "bad", channel)
    good = received(3, "good", channel)

    settler.settle([(hanging, BAD), (bad, BAD), (good, Outcome.APPLIED)])
    async with asyncio.timeout(5):
        await channel.settled(2)

    assert sorted(channel.said) == [("ack", 2), ("ack", 3)]
    assert publisher.copies == [DEAD]


async def test_a_failed_message_is_acknowledged_only_once_its_copy_is_safe(
    settler: Settler, channel: RecordingChannel, publisher: ScriptedPublisher
) -> None:
    assert await settler.settle_failure(received(1, "bad", channel), BAD)

    assert (publisher.copies, channel.said) == ([DEAD], [("ack", 1)])


@pytest.mark.parametrize(
    ("message_id", "said"),
    [("unpublishable", ("reject", 1)), ("lost meanwhile", ("give back", 1))],
)
async def test_a_message_whose_copy_is_not_safe_is_never_acknowledged(
    message_id: str, said: tuple[str, int], settler: Settler, channel: RecordingChannel
) -> None:
    assert not await settler.settle_failure(received(1, message_id, channel), BAD)

    assert channel.said == [said]


async def test_what_will_be_delivered_again_gets_no_second_copy(
    settler: Settler, channel: RecordingChannel, publisher: ScriptedPublisher
) -> None:
    channel.is_lost = True

    assert not await settler.settle_failure(received(1, "bad", channel), BAD)

    assert (publisher.copies, channel.said) == ([], [])
