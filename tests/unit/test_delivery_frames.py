import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from aiormq.abc import AbstractChannel, DeliveredMessage
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from worker.infra.messaging.amqp.delivery_frames import DeliveryFrames

IN_A_ROW = 4


class Channel:
    """What DeliveryFrames makes of the frames it is given."""

    def __init__(self) -> None:
        self.others: asyncio.Queue[tuple[int, object]] = asyncio.Queue()
        self.delivered: list[DeliveredMessage] = []
        channel = cast("AbstractChannel", SimpleNamespace(frames=self.others))
        self.frames = DeliveryFrames(channel, self._deliver)

    async def read(self, *frames: object) -> None:
        for frame in frames:
            await self.frames.put((0, frame))

    @property
    def bodies(self) -> list[bytes]:
        return [message.body for message in self.delivered]

    async def _deliver(self, message: DeliveredMessage) -> None:
        self.delivered.append(message)


@pytest.fixture
def channel() -> Channel:
    return Channel()


def deliver(tag: int = 1) -> Basic.Deliver:
    return Basic.Deliver("consumer", tag, redelivered=False, exchange="e", routing_key="r")


def header(size: int, message_id: str | None = None) -> ContentHeader:
    return ContentHeader(body_size=size, properties=Basic.Properties(message_id=message_id))


async def test_a_delivery_is_handed_over_with_its_last_frame(channel: Channel) -> None:
    await channel.read(deliver(7), header(5, "m"), ContentBody(b"abc"))
    assert not channel.delivered

    await channel.read(ContentBody(b"de"))

    (message,) = channel.delivered
    assert message.body == b"abcde"
    assert cast("Basic.Deliver", message.delivery).delivery_tag == 7
    assert message.header.properties.message_id == "m"


async def test_a_body_may_be_empty(channel: Channel) -> None:
    await channel.read(deliver(1), header(0), deliver(2), header(1), ContentBody(b"x"))

    assert channel.bodies == [b"", b"x"]


async def test_all_other_frames_reach_the_channel_in_their_order(channel: Channel) -> None:
    returned = [Basic.Return(reply_code=312), header(1), ContentBody(b"r")]
    cancelled = Basic.CancelOk("consumer")

    await channel.read(*returned, deliver(), header(1), ContentBody(b"d"), cancelled)

    assert channel.bodies == [b"d"]
    others = []
    for _ in range(4):
        others.append((await channel.frames.get())[1])
        channel.frames.task_done()
    assert others == [*returned, cancelled]
    await asyncio.wait_for(channel.others.join(), timeout=1)


async def test_others_have_their_turn_while_deliveries_are_read(channel: Channel) -> None:
    seen_by_others: list[int] = []

    async def look() -> None:
        while len(channel.delivered) < 10 * IN_A_ROW:
            seen_by_others.append(len(channel.delivered))
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    for tag in range(10 * IN_A_ROW):
        await channel.read(deliver(tag), header(0))
    await looking

    assert seen_by_others == [IN_A_ROW * turn for turn in range(1, 10)]
