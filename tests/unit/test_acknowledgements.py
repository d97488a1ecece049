"""What a subscription writes on its channel about its deliveries."""

import asyncio

from tests.support.subscriptions import FakeChannel, Opened


async def test_what_is_settled_is_told_to_the_broker_without_waiting_for_its_answer(
    subscription: Opened, channel: FakeChannel
) -> None:
    await channel.deliver(1, 2, 3, 4, 5)

    await subscription.acknowledge([2, 1])
    await subscription.give_back(4)
    await subscription.reject(3)
    await subscription.acknowledge([5])

    assert channel.said == [
        ("ack", 2, True, False),
        ("nack", 4, False, True, False),
        ("nack", 3, False, False, False),
        ("ack", 5, True, False),
    ]


async def test_once_lost_nothing_is_written_any_more(
    subscription: Opened, channel: FakeChannel
) -> None:
    await channel.deliver(1, 2, 3)
    subscription.give_up("gone")

    await subscription.acknowledge([1])
    await subscription.give_back(2)
    await subscription.reject(3)
    await subscription.cancel()

    assert channel.said == []


async def test_without_a_channel_nothing_is_written_and_nothing_fails() -> None:
    subscription = Opened()

    await subscription.acknowledge([1])
    await subscription.give_back(2)
    await subscription.cancel()

    assert not subscription.is_lost


async def test_a_connection_that_takes_nothing_any_more_is_lost(
    subscription: Opened, channel: FakeChannel
) -> None:
    await channel.deliver(1)
    channel.is_full = True

    await asyncio.wait_for(subscription.acknowledge([1]), timeout=10)

    assert subscription.lost_because == "RabbitMQ accepted no writes for 0.05 s"


async def test_whoever_writes_on_a_full_connection_is_freed_once_it_is_lost(
    channel: FakeChannel,
) -> None:
    subscription = Opened()
    await subscription.begin(channel)
    channel.is_full = True
    writing = asyncio.create_task(subscription.give_back(1))
    await asyncio.sleep(0)

    subscription.give_up("the broker is gone")

    await asyncio.wait_for(writing, timeout=10)
    assert subscription.lost_because == "the broker is gone"


async def test_rabbitmq_is_not_blamed_for_a_write_that_was_cancelled(
    subscription: Opened, channel: FakeChannel
) -> None:
    await channel.deliver(1)
    channel.is_full = True
    writing = asyncio.create_task(subscription.give_back(1))
    await asyncio.sleep(0)

    writing.cancel()

    await asyncio.wait((writing,), timeout=10)
    assert subscription.lost_because == "a write to RabbitMQ was cancelled"


async def test_no_ack_covers_a_delivery_that_could_not_be_given_back(
    subscription: Opened, channel: FakeChannel
) -> None:
    await channel.deliver(1, 2)
    channel.is_full = True
    answers = [
        asyncio.create_task(subscription.give_back(1)),
        asyncio.create_task(subscription.acknowledge([2])),
    ]

    await subscription.wait_lost()
    channel.is_full = False
    await asyncio.wait_for(asyncio.gather(*answers), timeout=10)

    assert channel.said == []


async def test_a_channel_that_breaks_under_an_ack_costs_no_exception(
    subscription: Opened, channel: FakeChannel
) -> None:
    await channel.deliver(1)
    channel.is_broken = True

    await subscription.acknowledge([1])
    await subscription.cancel()

    assert channel.said == []


async def test_nothing_is_acknowledged_once_all_has_been_given_back(
    subscription: Opened, channel: FakeChannel
) -> None:
    """RabbitMQ would close the channel for a tag that it has in the queue again."""
    await channel.deliver(1, 2)
    closing = asyncio.create_task(subscription.close())
    await asyncio.wait_for(channel.gave_all_back.wait(), timeout=10)

    await subscription.acknowledge([1])

    await closing
    assert channel.said[-1] == ("nack", 0, True, True, False)
