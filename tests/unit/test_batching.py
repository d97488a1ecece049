import asyncio
from datetime import datetime, timedelta

import pytest

from tests.support.messages import clock
from tests.support.running_batches import Running
from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure


@pytest.fixture
def running() -> Running:
    return Running()


async def test_deliveries_become_batches_of_the_size_asked_for(running: Running) -> None:
    running.deliver("a", "b", "c", "d", "e")

    await running.run(batches=2)

    assert running.batches == [["a", "b", "c"], ["d", "e"]]


async def test_the_next_messages_are_decoded_while_a_batch_waits(running: Running) -> None:
    running.deliver("a", "b", "c", "d", "e")

    await running.run(batches=2)

    assert running.decoded_after == [5, 5]


async def test_what_is_no_event_is_in_the_batch_as_a_failure(running: Running) -> None:
    running.deliver("a", body=b"?")
    running.deliver("b")

    await running.run(batches=1)

    assert [type(content) for content in running.contents] == [Failure, CommandMessage]


async def test_suspects_are_handled_apart_and_before_the_others(running: Running) -> None:
    running.deliver("a")
    running.deliver("s", "t", deliveries_before=2)

    await running.run(batches=2)

    assert running.batches == [["s", "t"], ["a"]]


async def test_nothing_else_is_decoded_while_suspects_are_tried(running: Running) -> None:
    """If that killed the worker, they would be blamed for it."""
    running.deliver("a", "b")
    running.deliver("s", deliveries_before=2)

    await running.run(batches=2)

    assert running.decoded_after == [1, 3]


async def test_a_hundred_suspects_share_a_trial_and_no_more(running: Running) -> None:
    running.deliver(*(f"s-{i}" for i in range(101)), deliveries_before=2)

    await running.run(batches=2)

    assert running.suspects.sizes == [100, 1]


async def test_after_the_end_was_asked_for_no_batch_is_begun(running: Running) -> None:
    running.deliver("a")
    running.deliver("s", deliveries_before=2)
    running.suspects.finishes = True

    await running.run(batches=10)

    assert running.batches == [["s"]]


async def test_a_batching_that_is_finished_before_it_begins_does_nothing(running: Running) -> None:
    running.deliver("a")
    running.batching.finish()

    await running.run(batches=10)

    assert running.batches == []


async def test_the_end_is_noticed_while_nothing_arrives(running: Running) -> None:
    doing = asyncio.create_task(running.run(batches=10))
    await asyncio.sleep(0)
    assert not doing.done()

    running.batching.finish()

    await doing
    assert running.batches == []


async def test_while_the_clocks_differ_all_goes_back_to_the_queue(running: Running) -> None:
    running.deliver("a")
    await running.clocks.measure(an_hour_later)

    running.deliver("b")
    running.deliver("s", deliveries_before=2)
    await running.run(batches=10)

    assert running.batches == []
    assert len(running.channel.given_up) == 2


async def test_what_was_decoded_before_the_clocks_differed_is_not_applied(
    running: Running,
) -> None:
    running.deliver("a")
    await running.clocks.measure(an_hour_later)

    await running.run(batches=10)

    assert running.batches == []


async def an_hour_later() -> datetime:
    return clock() + timedelta(hours=1)
