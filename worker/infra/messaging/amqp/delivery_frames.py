"""A fast path from the frames on the socket to a delivery."""

import asyncio

from aiormq.abc import AbstractChannel, ConsumerCallback, DeliveredMessage
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader
from typing_extensions import override

IN_A_ROW = 4
"""Deliveries handed over before other tasks may run: above all the response of PostgreSQL, or
a transaction would wait until everything that has arrived is decoded."""

WeighedFrame = tuple[int, object]
"""The size of a frame on the wire, and the frame."""


class DeliveryFrames(asyncio.Queue[WeighedFrame]):
    """Replaces `channel.frames`, the queue into which aiormq puts all frames that it reads.

    aiormq passes each frame of a delivery through that queue to a reader of the channel, which
    starts a task for the delivery. Here the callback is awaited as soon as the last frame is
    there; all other frames are queued as before. If aiormq stops using the queue, deliveries
    reach the same callback through aiormq.
    """

    def __init__(self, channel: AbstractChannel, callback: ConsumerCallback) -> None:
        super().__init__()
        self._channel = channel
        self._others: asyncio.Queue[WeighedFrame] = channel.frames
        self._callback = callback
        self._deliver: Basic.Deliver | None = None
        self._header = ContentHeader()
        self._body: list[bytes] = []
        self._missing_bytes = 0
        self._in_a_row = 0

    async def put(self, item: WeighedFrame) -> None:
        """Takes the next frame of the channel; the frames of one delivery are consecutive."""
        match item[1]:
            case Basic.Deliver() as deliver:
                self._deliver = deliver
            case ContentHeader() as header if self._deliver is not None:
                self._header, self._body, self._missing_bytes = header, [], header.body_size
                await self._hand_over_if_complete(self._deliver)
            case ContentBody() as body if self._deliver is not None:
                self._body.append(body.value)
                self._missing_bytes -= len(body.value)
                await self._hand_over_if_complete(self._deliver)
            case _:
                await self._others.put(item)

    async def get(self) -> WeighedFrame:
        """The next frame that is not part of a delivery."""
        return await self._others.get()

    @override
    def task_done(self) -> None:
        self._others.task_done()

    async def _hand_over_if_complete(self, deliver: Basic.Deliver) -> None:
        if self._missing_bytes > 0:
            return
        self._deliver = None
        message = DeliveredMessage(deliver, self._header, b"".join(self._body), self._channel)
        await self._callback(message)
        self._in_a_row = (self._in_a_row + 1) % IN_A_ROW
        if not self._in_a_row:
            await asyncio.sleep(0)
