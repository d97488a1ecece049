"""What a publisher makes of the answers of a broker; that it gets them is for real brokers."""

import asyncio
from typing import Any, cast

import pytest
from aiormq.abc import AbstractChannel, DeliveredMessage
from aiormq.exceptions import (
    AMQPConnectionError,
    ChannelAccessRefused,
    DeliveryError,
    PublishError,
)
from pamqp.commands import Basic
from pamqp.header import ContentHeader
from structlog.testing import capture_logs

from worker.infra.durations import Durations
from worker.infra.messaging.amqp.confirming_publisher import (
    UNCONFIRMED_AT_MOST,
    BrokerLostError,
    BrokerUnavailableError,
    ConfirmingPublisher,
    UnpublishableError,
    UnroutableError,
)

RETURNED = DeliveredMessage(
    Basic.Return(312, "NO_ROUTE", "ours", "key"),
    ContentHeader(),
    b"body",
    cast("AbstractChannel", None),
)


class FakeChannel:
    """Confirms what is published once it `may_confirm`, or raises `error`."""

    def __init__(self) -> None:
        self.is_closed = False
        self.error: BaseException | None = None
        self.may_confirm = asyncio.Event()
        self.may_confirm.set()
        self.published: list[dict[str, Any]] = []

    async def basic_publish(self, body: bytes, **how: Any) -> None:
        self.published.append({"body": body, **how})
        await self.may_confirm.wait()
        if self.error is not None:
            raise self.error


class Publisher(ConfirmingPublisher):
    """Opens fake channels, as soon as it `may_connect`."""

    def __init__(self, confirm: float = 60) -> None:
        durations = Durations(confirm=confirm)
        super().__init__(lambda: "amqp://nowhere/", exchange="ours", name="us", durations=durations)
        self.channels: list[FakeChannel] = []
        self.refused: Exception | None = None

    async def send(self, message_id: str | None = None) -> None:
        await self.publish(b"body", Basic.Properties(message_id=message_id), "key")

    def block(self) -> None:
        self._note_blocked("low on memory")

    async def _connect(self) -> AbstractChannel:
        await asyncio.sleep(0)
        if self.refused is not None:
            raise self.refused
        self.channels.append(FakeChannel())
        self._channel = cast("AbstractChannel", self.channels[-1])
        return self._channel


@pytest.fixture
def publisher() -> Publisher:
    return Publisher()


async def connected(publisher: Publisher) -> FakeChannel:
    await publisher.send()
    [channel] = publisher.channels
    channel.published.clear()
    return channel


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_message_is_published_so_that_it_comes_back_where_no_queue_takes_it(
    publisher: Publisher,
) -> None:
    channel = await connected(publisher)

    await publisher.send("m")

    [published] = channel.published
    assert published.pop("properties").message_id == "m"
    assert published == {
        "body": b"body",
        "exchange": "ours",
        "routing_key": "key",
        "mandatory": True,
    }


async def test_all_who_publish_share_one_channel_and_one_attempt_to_open_it(
    publisher: Publisher,
) -> None:
    await asyncio.gather(*(publisher.send() for _ in range(5)))
    await publisher.send()

    [channel] = publisher.channels
    assert len(channel.published) == 6


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), BrokerLostError),
        (AMQPConnectionError("closed"), BrokerLostError),
        (ChannelAccessRefused("no right to write"), BrokerUnavailableError),
    ],
)
async def test_a_connection_that_is_lost_is_told_from_a_refusal(
    error: Exception, kind: type[Exception], publisher: Publisher
) -> None:
    channel = await connected(publisher)
    channel.error = error

    with pytest.raises(BrokerUnavailableError) as failure:
        await publisher.send()

    assert type(failure.value) is kind


async def test_a_confirm_of_what_was_sent_before_a_block_does_not_end_it(
    publisher: Publisher,
) -> None:
    channel = await connected(publisher)
    channel.may_confirm.clear()
    sending = asyncio.create_task(publisher.send())
    await turns()
    publisher.block()
    channel.may_confirm.set()
    with capture_logs() as logged:
        await sending
    channel.error = TimeoutError()

    with pytest.raises(BrokerUnavailableError, match="blocks publishing: low on memory"):
        await publisher.send()

    assert logged == []


async def test_a_confirm_of_what_was_sent_since_ends_the_block_of_an_earlier_connection(
    publisher: Publisher,
) -> None:
    publisher.block()

    with capture_logs() as logged:
        await publisher.send()

    assert [entry["event"] for entry in logged] == ["RabbitMQ accepts messages again"]


async def test_a_closed_channel_is_replaced(publisher: Publisher) -> None:
    channel = await connected(publisher)
    channel.is_closed = True

    await publisher.send()

    assert len(publisher.channels) == 2
    assert channel.published == []


@pytest.mark.parametrize(
    ("error", "raised", "says"),
    [
        (PublishError(RETURNED, Basic.Ack()), UnroutableError, "no queue takes 'key'"),
        (DeliveryError(RETURNED, Basic.Nack()), BrokerUnavailableError, "is 'key' full?"),
        (ValueError("odd\nmore"), UnpublishableError, "ValueError odd$"),
        (TypeError(), UnpublishableError, "TypeError$"),
        (OverflowError("large"), UnpublishableError, "OverflowError large"),
    ],
)
async def test_an_answer_is_told_and_the_channel_is_kept(
    error: Exception, raised: type[Exception], says: str, publisher: Publisher
) -> None:
    channel = await connected(publisher)
    channel.error = error

    with pytest.raises(raised, match=says):
        await publisher.send()

    channel.error = None
    await publisher.send()
    assert publisher.channels == [channel]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ConnectionResetError("reset"), "ConnectionResetError reset"),
        (Exception(), "the connection was closed meanwhile"),  # so aiormq ends it at times
    ],
)
async def test_a_channel_on_which_a_publish_is_unconfirmed_is_never_used_again(
    error: Exception, says: str, publisher: Publisher
) -> None:
    channel = await connected(publisher)
    channel.error = error

    with pytest.raises(BrokerUnavailableError, match=f"not confirmed: .*{says}"):
        await publisher.send()

    await publisher.send()
    assert len(publisher.channels) == 2


async def test_a_late_error_of_an_old_channel_does_not_cost_the_new_one(
    publisher: Publisher,
) -> None:
    old = await connected(publisher)
    old.may_confirm.clear()
    old.error = ConnectionResetError("reset")
    late = asyncio.create_task(publisher.send())
    await turns()
    old.is_closed = True
    await publisher.send()
    old.may_confirm.set()
    with pytest.raises(BrokerUnavailableError):
        await late

    await publisher.send()

    assert len(publisher.channels) == 2


async def test_a_confirm_is_waited_for_as_long_as_was_said() -> None:
    publisher = Publisher(confirm=0.02)
    channel = await connected(publisher)
    channel.may_confirm.clear()

    with pytest.raises(BrokerUnavailableError, match="not confirmed: TimeoutError"):
        await asyncio.wait_for(publisher.send(), timeout=10)


async def test_a_broker_that_cannot_be_reached_is_unavailable_and_asked_again(
    publisher: Publisher,
) -> None:
    publisher.refused = ConnectionRefusedError("nobody there")
    with pytest.raises(
        BrokerUnavailableError, match="cannot connect: ConnectionRefusedError nobody there"
    ):
        await publisher.send()

    publisher.refused = None

    await publisher.send()
    assert len(publisher.channels) == 1


@pytest.mark.parametrize(("message_id", "together"), [("m", 1), (None, 2), ("", 2)])
async def test_copies_with_the_same_id_go_one_after_the_other(
    message_id: str | None, together: int, publisher: Publisher
) -> None:
    channel = await connected(publisher)
    channel.may_confirm.clear()
    sending = [asyncio.create_task(publisher.send(message_id)) for _ in range(2)]
    await turns()

    assert len(channel.published) == together

    channel.may_confirm.set()
    await asyncio.gather(*sending)
    assert len(channel.published) == 2


async def test_copies_with_different_ids_go_together_up_to_a_bound(publisher: Publisher) -> None:
    channel = await connected(publisher)
    channel.may_confirm.clear()
    sending = [asyncio.create_task(publisher.send(f"m-{i}")) for i in range(100)]
    await turns()

    assert len(channel.published) == UNCONFIRMED_AT_MOST == 64

    channel.may_confirm.set()
    await asyncio.gather(*sending)
    assert len(channel.published) == 100


async def test_a_closed_publisher_opens_a_channel_of_its_own_again(publisher: Publisher) -> None:
    await connected(publisher)
    await publisher.close()

    await publisher.send()

    assert len(publisher.channels) == 2


async def test_a_publish_is_refused_where_its_connection_closes_and_cancelled_where_its_task_is(
    publisher: Publisher,
) -> None:
    """aiormq has one word for both."""
    channel = await connected(publisher)
    channel.may_confirm.clear()
    cancelled = asyncio.create_task(publisher.send("cancelled"))
    await turns()
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled

    channel.may_confirm.set()
    channel.error = asyncio.CancelledError()
    with pytest.raises(BrokerUnavailableError, match="the connection was closed meanwhile"):
        await publisher.send("closed")
