import asyncio
from collections.abc import Sequence

import pytest

from tests.support.noting_decoder import NotingDecoder
from tests.support.settling import RecordingChannel, delivery_of
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.consuming.inbox import SLICE, Inbox
from worker.infra.messaging.consuming.received import Received

NEVER = Durations(linger=60, linger_step=60)
"""Whoever lingers runs into the timeout of the test."""

STEPS = Durations(linger=60, linger_step=0.001)


def delivered(tag: int) -> Delivery:
    return delivery_of(tag, RecordingChannel())


def opened(durations: Durations) -> Inbox:
    return Inbox(durations, NotingDecoder())


def filled(durations: Durations, *tags: int) -> Inbox:
    inbox = opened(durations)
    for tag in tags:
        inbox.put(delivered(tag))
    return inbox


async def take(inbox: Inbox, limit: int) -> list[int]:
    async with asyncio.timeout(10):
        return tags_of(await inbox.take_batch(limit))


def tags_of(batch: Sequence[Received]) -> list[int]:
    return [item.delivery.tag for item in batch]


async def test_a_single_message_is_taken_at_once() -> None:
    assert await take(filled(NEVER, 1), 10) == [1]


async def test_an_empty_inbox_gives_an_empty_batch_at_once() -> None:
    assert await take(filled(NEVER), 10) == []


async def test_a_full_batch_is_taken_at_once_oldest_first_and_the_rest_stays() -> None:
    inbox = filled(NEVER, 1, 2, 3, 4, 5)

    assert await take(inbox, 2) == [1, 2]
    assert await take(inbox, 2) == [3, 4]
    assert await take(inbox, 2) == [5]
    assert await take(filled(NEVER, 1, 2), 2) == [1, 2]


async def test_a_batch_that_has_stopped_growing_is_complete() -> None:
    assert await take(filled(STEPS, 1, 2), 10) == [1, 2]


async def test_a_growing_batch_is_waited_for_until_it_is_full() -> None:
    inbox = filled(STEPS, 1, 2)

    async def deliver_the_rest() -> None:
        inbox.put(delivered(3))

    rest = asyncio.create_task(deliver_the_rest())

    assert await take(inbox, 3) == [1, 2, 3]
    await rest


async def test_a_batch_that_grows_without_end_is_taken_after_the_linger() -> None:
    inbox = filled(Durations(linger=0.02, linger_step=0.001), 1, 2)

    async def deliver_for_ever() -> None:
        while True:
            inbox.put(delivered(3))
            await asyncio.sleep(0)

    delivering = asyncio.create_task(deliver_for_ever())

    assert len(await take(inbox, 10**9)) > 2
    delivering.cancel()


async def test_a_slice_is_decoded_ahead_at_a_time_oldest_first() -> None:
    decoder = NotingDecoder()
    inbox = Inbox(NEVER, decoder)
    for tag in range(SLICE + 1):
        inbox.put(delivered(tag))
    decoded = []

    for _ in range(2):
        assert inbox.decode_ahead()
        decoded.append(decoder.decoded)

    assert decoded == [SLICE, SLICE + 1]
    assert not inbox.decode_ahead()
    assert await take(inbox, SLICE + 1) == list(range(SLICE + 1))


async def test_a_batch_has_its_order_whatever_was_decoded_ahead() -> None:
    decoder = NotingDecoder()
    inbox = Inbox(STEPS, decoder)
    inbox.put(delivered(1))
    inbox.decode_ahead()
    inbox.put(delivered(2))

    assert decoder.decoded == 1
    assert await take(inbox, 10) == [1, 2]
    assert decoder.decoded == 2


async def test_a_full_batch_that_is_decoded_can_be_looked_at_and_stays() -> None:
    lost, inbox = RecordingChannel(is_lost=True), opened(STEPS)
    for tag, channel in enumerate((RecordingChannel(), lost, RecordingChannel()), start=1):
        inbox.put(delivery_of(tag, channel))
    assert inbox.full_batch(2) is None

    inbox.decode_ahead()

    assert tags_of(inbox.full_batch(2) or []) == [1, 3]
    assert inbox.full_batch(3) is None
    assert await take(inbox, 3) == [1, 3]


def test_suspects_that_wait_are_known() -> None:
    inbox = opened(NEVER)
    assert not inbox.has_suspects

    inbox.put_suspect(delivered(1))

    assert inbox.has_suspects


async def test_what_can_no_longer_be_settled_is_left_out() -> None:
    lost, alive, inbox = RecordingChannel(is_lost=True), RecordingChannel(), opened(STEPS)
    for tag, channel in enumerate((lost, alive, lost, alive), start=1):
        inbox.put(delivery_of(tag, channel))
        inbox.put_suspect(delivery_of(tag, channel))

    assert [suspect.tag for suspect in inbox.take_suspects(2)] == [2, 4]
    assert await take(inbox, 2) == [2, 4]
    assert inbox.take_suspects(10) == []


async def test_suspects_are_taken_up_to_the_limit_oldest_first() -> None:
    inbox = opened(NEVER)
    for tag in (1, 2, 3):
        inbox.put_suspect(delivery_of(tag, RecordingChannel()))

    assert [suspect.tag for suspect in inbox.take_suspects(2)] == [1, 2]
    assert [suspect.tag for suspect in inbox.take_suspects(2)] == [3]
    assert inbox.take_suspects(2) == []


@pytest.mark.parametrize("suspect", [True, False])
async def test_whoever_waits_is_woken_by_the_first_delivery(suspect: bool) -> None:
    inbox = opened(NEVER)
    waiting = asyncio.create_task(inbox.wait())
    for _ in range(3):
        await asyncio.sleep(0)
    assert not waiting.done()

    if suspect:
        inbox.put_suspect(delivery_of(1, RecordingChannel()))
    else:
        inbox.put(delivered(1))

    await asyncio.wait_for(waiting, timeout=10)


async def test_after_the_last_was_taken_the_next_is_waited_for() -> None:
    inbox = filled(NEVER, 1)
    await take(inbox, 10)

    waiting = asyncio.create_task(inbox.wait())
    for _ in range(3):
        await asyncio.sleep(0)

    assert not waiting.done()
    waiting.cancel()
