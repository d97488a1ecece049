import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from pamqp.commands import Basic

from tests.support.car_events import creation
from tests.support.messages import clock
from tests.support.noting_decoder import NotingDecoder
from tests.support.settling import LosableChannel, Silent
from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure
from worker.infra.clocks import Clocks
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.consuming.batching import Batching
from worker.infra.messaging.consuming.holding import Holding
from worker.infra.messaging.consuming.inbox import Inbox
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.consuming.suspects import Suspects, Try

DURATIONS = Durations(linger=60, linger_step=0.001)


class HandledSuspects(Suspects):
    """Tries what it is given at once, and finishes then if it shall."""

    def __init__(self, finishing: asyncio.Event) -> None:
        self.finishing = finishing
        self.sizes: list[int] = []
        self.finishes = False

    async def handle(self, suspects: Sequence[Delivery], try_: Try) -> None:
        self.sizes.append(len(suspects))
        await try_(suspects)
        if self.finishes:
            self.finishing.set()


class FinishingChannel(LosableChannel):
    """Finishes once it is given up."""

    def __init__(self, finishing: asyncio.Event) -> None:
        super().__init__()
        self._finishing = finishing

    def give_up(self, reason: str) -> None:
        super().give_up(reason)
        self._finishing.set()


class Running:
    """A batching, and the batches that came out of it."""

    def __init__(self, batch_size: int = 3) -> None:
        self.finishing = asyncio.Event()
        self.suspects = HandledSuspects(self.finishing)
        self.batches: list[list[str]] = []
        self.contents: list[CommandMessage | Failure] = []
        self.finish_after = 1
        self.clocks = Clocks(DURATIONS.clocks_apart, clock().timestamp, lambda: 0.0)
        self.channel = FinishingChannel(self.finishing)
        self.decoder = NotingDecoder()
        self.decoded_after: list[int] = []
        self.batching = Batching(
            inbox=Inbox(DURATIONS, self.decoder),
            suspects=self.suspects,
            holding=Holding(Silent(), self.finishing, DURATIONS),
            clocks=self.clocks,
            batch_size=batch_size,
            finishing=self.finishing,
        )
        self.batching.send_to(self._process)

    def deliver(self, *car_ids: str, deliveries_before: int = 0, body: bytes | None = None) -> None:
        for car_id in car_ids:
            event = creation(car_id)
            properties = Basic.Properties(
                message_id=car_id,
                message_type=event.type,
                headers={"x-delivery-count": deliveries_before},
            )
            message = Message(body or event.body, properties, "inventory.events", event.type)
            redelivered = deliveries_before > 0
            self.batching.deliver(Delivery(message, 1, self.channel, redelivered))

    async def run(self, batches: int) -> None:
        self.finish_after = batches
        async with asyncio.timeout(10):
            await self.batching.run()

    async def _process(self, batch: Sequence[Received]) -> None:
        await asyncio.sleep(0)  # as for an answer of PostgreSQL
        self.decoded_after.append(self.decoder.decoded)
        self.contents += [item.content for item in batch]
        ids = [item.delivery.message.properties.message_id for item in batch]
        self.batches.append([str(id_) for id_ in ids])
        if len(self.batches) == self.finish_after:
            self.batching.finish()


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
