"""When a subscription consumes, when it knows itself lost, and how it closes."""

import asyncio

import pytest
from aiormq.exceptions import (
    ChannelInvalidStateError,
    ChannelNotFoundEntity,
    ConnectionInternalError,
)
from pamqp.commands import Basic

from tests.support.subscriptions import FakeChannel, Opened
from worker.infra.messaging.consuming.subscription import UNDELIVERABLE


async def test_it_consumes_as_long_as_the_broker_knows_its_consumer(
    subscription: Opened, channel: FakeChannel
) -> None:
    assert subscription.is_consuming

    channel.consumers.clear()

    assert not subscription.is_consuming


async def test_it_does_not_consume_on_a_channel_that_is_closed(
    subscription: Opened, channel: FakeChannel
) -> None:
    channel.is_closed = True

    assert not subscription.is_consuming


async def test_it_does_not_consume_before_it_has_a_channel_nor_after_it_is_lost(
    subscription: Opened,
) -> None:
    assert not Opened().is_consuming

    subscription.give_up("enough")

    assert not subscription.is_consuming


async def test_deliveries_are_in_flight_until_they_are_settled(
    subscription: Opened, channel: FakeChannel
) -> None:
    assert subscription.in_flight == 0
    await channel.deliver(1, 2, 3, 4)
    assert [taken.tag for taken in subscription.taken.deliveries] == [1, 2, 3, 4]
    assert subscription.in_flight == 4

    assert not subscription.has_settled

    await subscription.acknowledge([2, 1])
    await subscription.give_back(4)

    assert subscription.in_flight == 1
    assert subscription.has_settled


async def test_a_message_that_rabbitmq_cannot_deliver_undoes_what_was_settled_before_it(
    subscription: Opened, channel: FakeChannel
) -> None:
    """What came before it comes again, each time: to subscribe at once gains nothing."""
    await channel.deliver(1)
    await subscription.acknowledge([1])
    channel.closing.set_exception(ConnectionInternalError("INTERNAL_ERROR"))

    await asyncio.wait_for(subscription.wait_lost(), timeout=10)

    assert not subscription.has_settled


async def test_the_first_reason_for_which_it_is_lost_stands(subscription: Opened) -> None:
    subscription.give_up("the first")
    subscription.give_up("the second")

    assert subscription.is_lost
    assert await subscription.wait_lost() == "the first"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionResetError("reset"), "the channel was closed: ConnectionResetError reset"),
        (None, "the channel was closed: without a reason"),
        (
            ConnectionInternalError("INTERNAL_ERROR"),
            f"the channel was closed: 541 INTERNAL_ERROR{UNDELIVERABLE}",
        ),
        (
            ConnectionInternalError("INTERNAL_ERROR - Cannot get a message: nodedown"),
            "the channel was closed: 541 INTERNAL_ERROR - Cannot get a message: nodedown",
        ),
    ],
)
async def test_a_closed_channel_loses_the_subscription_and_tells_why(
    error: Exception | None, reason: str, subscription: Opened, channel: FakeChannel
) -> None:
    if error is None:
        channel.closing.set_result(None)
    else:
        channel.closing.set_exception(error)

    assert await asyncio.wait_for(subscription.wait_lost(), timeout=10) == reason


async def test_a_channel_whose_closing_was_cancelled_is_closed_too(
    subscription: Opened, channel: FakeChannel
) -> None:
    channel.closing.cancel()

    reason = await asyncio.wait_for(subscription.wait_lost(), timeout=10)

    assert reason == "the channel was closed: without a reason"


@pytest.mark.parametrize(
    ("found", "cause"),
    [
        ([ChannelNotFoundEntity()], "the queue was deleted"),
        ([None, None, ChannelNotFoundEntity()], "the queue was deleted"),
        ([None], "a delivery was not settled within RabbitMQ's consumer timeout"),
        ([None, ChannelInvalidStateError()], "a delivery was not settled within"),
        ([ChannelInvalidStateError()], "the queue was deleted, or a delivery was not settled"),
    ],
)
async def test_a_consumer_that_the_broker_cancels_is_lost(
    found: list[Exception | None], cause: str, subscription: Opened, channel: FakeChannel
) -> None:
    channel.connection.found = found
    [callback] = channel.on_consumer_cancel_callbacks

    await callback(Basic.Cancel(channel.tag))

    assert subscription.lost_because.startswith(f"the broker cancelled our consumer: {cause}")


async def test_a_consumer_that_is_cancelled_again_asks_nothing_more(
    subscription: Opened, channel: FakeChannel
) -> None:
    [callback] = channel.on_consumer_cancel_callbacks
    subscription.give_up("the first")

    await callback(Basic.Cancel(channel.tag))

    assert subscription.lost_because == "the first"


async def test_closing_gives_back_all_that_is_unsettled_at_once(
    subscription: Opened, channel: FakeChannel
) -> None:
    await channel.deliver(1, 2)

    await subscription.close()

    assert channel.said == [("cancel", channel.tag), ("nack", 0, True, True, False)]
    assert subscription.lost_because == "closed"


async def test_a_connection_that_closes_meanwhile_does_not_end_the_task_that_closes_it(
    subscription: Opened, channel: FakeChannel
) -> None:
    channel.is_closing = True

    await subscription.close()

    assert channel.said == []
    assert subscription.lost_because == "closed"


async def test_closing_writes_nothing_on_a_channel_that_is_closed(
    subscription: Opened, channel: FakeChannel
) -> None:
    subscription.give_up("the broker is gone")
    channel.is_closed = True

    await subscription.close()

    assert channel.said == []
    assert subscription.lost_because == "the broker is gone"


async def test_a_subscription_that_never_had_a_channel_can_be_closed() -> None:
    subscription = Opened()

    await subscription.close()

    assert subscription.is_lost


async def test_a_delivery_by_aiormq_is_read_with_what_its_settling_needs(
    subscription: Opened, channel: FakeChannel
) -> None:
    await channel.deliver(7)

    [delivery] = subscription.taken.deliveries
    assert (delivery.tag, delivery.redelivered, delivery.subscription) == (7, True, subscription)
    message = delivery.message
    assert (message.exchange, message.routing_key, message.body) == ("e", "k", b"body")
    assert message.properties.message_id == "m"
    assert message.headers == {}
