"""What a settler does where a copy cannot be made, and what it tells."""

import asyncio

import pytest
from pamqp.commands import Basic
from structlog.testing import capture_logs

from tests.support.car_events import creation
from tests.support.messages import clock, message_of
from tests.support.settling import Listening, LosableChannel, RecordingChannel, delivery_of
from worker.application.outcomes import Failure, Outcome
from worker.domain.error_code import ErrorCode
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.confirming_publisher import (
    BrokerUnavailableError,
    ConfirmingPublisher,
    UnpublishableError,
    UnroutableError,
)
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.consuming.settling import Settler
from worker.infra.messaging.names import DEAD_LETTER_QUEUE

BAD = Failure(ErrorCode.INVALID_EVENT, "make: is missing")
TRACE_PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Publisher(ConfirmingPublisher):
    """Raises these errors one after the other, then confirms."""

    def __init__(self, durations: Durations, *errors: BaseException) -> None:
        super().__init__(lambda: "amqp://nowhere", exchange="", name="", durations=durations)
        self.errors = list(errors)
        self.published: list[tuple[bytes, Basic.Properties, str]] = []
        self.attempts = 0

    async def publish(self, body: bytes, properties: Basic.Properties, routing_key: str) -> None:
        await asyncio.sleep(0)
        self.attempts += 1
        if self.errors:
            raise self.errors.pop(0)
        self.published.append((body, properties, routing_key))


@pytest.fixture
def channel() -> LosableChannel:
    return LosableChannel()


@pytest.fixture
def observer() -> Listening:
    return Listening()


def settling(
    observer: Listening, *errors: BaseException, hold: float = 60
) -> tuple[Settler, Publisher]:
    durations = Durations(first_pause=0.001, longest_pause=0.001, unroutable_pause=0.001, hold=hold)
    publisher = Publisher(durations, *errors)
    return Settler(publisher, (), observer, clock, durations), publisher


def received(channel: RecordingChannel, tag: int = 1) -> Received:
    return Received(delivery_of(tag, channel, "m", message_type="t"), BAD)


async def test_a_copy_is_tried_again_until_the_broker_confirms_it(
    channel: LosableChannel, observer: Listening
) -> None:
    settler, publisher = settling(observer, *[BrokerUnavailableError("away")] * 3)

    assert await settler.settle_failure(received(channel), BAD)

    assert (publisher.attempts, len(publisher.published)) == (4, 1)
    assert channel.said == [("ack", 1)]
    assert observer.moved == [(BAD, DEAD_LETTER_QUEUE)]


async def test_a_copy_carries_the_message_and_its_history(
    channel: LosableChannel, observer: Listening
) -> None:
    settler, publisher = settling(observer)

    await settler.settle_failure(received(channel), BAD)

    [(body, properties, queue)] = publisher.published
    assert (body, properties.message_id, queue) == (b"{}", "m", DEAD_LETTER_QUEUE)
    assert properties.headers is not None
    assert properties.headers["x-error-code"] == "invalid-event"
    assert properties.headers["x-error-at"] == clock().isoformat(timespec="milliseconds")
    assert properties.headers["x-attempts"] == 1


async def test_after_the_hold_limit_a_message_without_a_copy_is_given_back(
    channel: LosableChannel, observer: Listening
) -> None:
    errors = [BrokerUnavailableError("away") for _ in range(100_000)]
    settler, publisher = settling(observer, *errors, hold=0.02)

    async with asyncio.timeout(10):
        assert not await settler.settle_failure(received(channel), BAD)

    assert publisher.attempts > 1
    assert channel.said == [("give back", 1)]
    assert observer.moved == []


async def test_a_copy_that_is_lost_while_the_broker_is_away_is_not_tried_again(
    channel: LosableChannel, observer: Listening
) -> None:
    settler, publisher = settling(observer, *[BrokerUnavailableError("away")] * 100)
    settle = asyncio.create_task(settler.settle_failure(received(channel), BAD))
    await asyncio.sleep(0)

    channel.is_lost = True

    assert not await asyncio.wait_for(settle, timeout=10)
    assert publisher.attempts == 1


async def test_a_queue_that_is_gone_ends_the_subscription_so_that_it_is_declared_again(
    channel: LosableChannel, observer: Listening
) -> None:
    settler, publisher = settling(observer, *[UnroutableError("no queue takes 'q'")] * 2)

    assert not await settler.settle_failure(received(channel), BAD)

    assert publisher.attempts == 1
    assert channel.given_up == [
        "no queue takes 'q': was it deleted? The next subscription declares it"
    ]
    assert channel.said == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RuntimeError("a bug"), "a message was not settled: RuntimeError a bug"),
        (asyncio.CancelledError(), "settling a message was cancelled"),
    ],
)
async def test_a_copy_that_ends_unforeseen_ends_the_subscription_so_that_it_comes_again(
    error: BaseException, told: str, channel: LosableChannel, observer: Listening
) -> None:
    settler, _ = settling(observer, error)

    settler.settle([(received(channel), BAD)])
    await settler.finish()

    assert channel.given_up == [told]
    assert channel.said == []


async def test_what_can_never_be_published_is_left_to_the_broker_at_once(
    channel: LosableChannel, observer: Listening
) -> None:
    settler, publisher = settling(observer, UnpublishableError("too odd"))

    assert not await settler.settle_failure(received(channel), BAD)

    assert (publisher.attempts, channel.said) == (1, [("reject", 1)])


async def test_each_subscription_acknowledges_what_it_delivered_in_one_go(
    observer: Listening,
) -> None:
    acknowledged: list[tuple[int, list[int]]] = []

    class Channel(LosableChannel):
        async def acknowledge(self, tags: list[int]) -> None:
            acknowledged.append((id(self), tags))

    old, new = Channel(), Channel()
    settler, _ = settling(observer)
    outcomes = [
        (received(channel, tag), Outcome.APPLIED) for channel in (old, new) for tag in (1, 2)
    ]

    settler.settle([outcomes[i] for i in (0, 2, 1, 3)])
    await settler.finish()

    assert acknowledged == [(id(old), [1, 2]), (id(new), [1, 2])]


async def test_finishing_waits_for_acknowledgements_and_copies(
    channel: LosableChannel, observer: Listening
) -> None:
    settler, publisher = settling(observer, *[BrokerUnavailableError("away")] * 3)
    settler.settle(
        [(received(channel, tag), result) for tag, result in ((1, BAD), (2, Outcome.APPLIED))]
    )
    assert channel.said == []

    await settler.finish()

    assert sorted(channel.said) == [("ack", 1), ("ack", 2)]
    assert len(publisher.published) == 1


async def test_the_log_tells_what_is_known_of_a_failed_message_and_nothing_else(
    channel: LosableChannel, observer: Listening
) -> None:
    settler, _ = settling(observer)
    command = message_of(creation("a"))
    delivery = delivery_of(1, channel, "m", headers={"traceparent": TRACE_PARENT})

    with capture_logs() as logs:
        await settler.settle_failure(Received(delivery, command), BAD)

    assert logs == [
        {
            "event": "message failed",
            "log_level": "warning",
            "message_id": "m",
            "car_id": "a",
            "trace_id": "0af7651916cd43dd8448eb211c80319c",
            "outcome": "invalid-event",
            "detail": "make: is missing",
            "moved_to": DEAD_LETTER_QUEUE,
        }
    ]


@pytest.mark.parametrize(
    "header",
    [
        None,
        7,
        TRACE_PARENT.upper(),
        TRACE_PARENT + "-more",
        "01" + TRACE_PARENT[2:],
        TRACE_PARENT[:-1],
    ],
)
async def test_a_trace_parent_that_is_none_is_not_logged(
    header: str | int | None, channel: LosableChannel, observer: Listening
) -> None:
    settler, _ = settling(observer)
    delivery = delivery_of(1, channel, headers={"traceparent": header})

    with capture_logs() as logs:
        await settler.settle_failure(Received(delivery, BAD), BAD)

    assert "trace_id" not in logs[0]
