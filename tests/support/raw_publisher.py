"""Publishes frames written byte by byte, for messages that no library can send."""

import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aio_pika
from aiormq import Channel
from aiormq.abc import ChannelFrame

BASIC_CLASS, PUBLISH_METHOD = 60, 40
METHOD_FRAME, HEADER_FRAME, BODY_FRAME = 1, 2, 3
FRAME_END = b"\xce"
LARGEST_PAYLOAD = 128 * 1024 - 8

PROPERTIES = (
    *("content_type", "content_encoding", "headers", "delivery_mode", "priority"),
    *("correlation_id", "reply_to", "expiration", "message_id", "timestamp", "type"),
    *("user_id", "app_id", "cluster_id"),
)
"""In the order of the wire; the flag of the first is the highest bit."""

RawProperties = Mapping[str, bytes]
"""Values of properties, each in the form that its type has on the wire."""


def short(text: bytes) -> bytes:
    """A text of at most 255 bytes, the type of most properties."""
    return bytes([len(text)]) + text


def long(content: bytes) -> bytes:
    """The value of a header of type text, array or bytes, without its type."""
    return struct.pack(">I", len(content)) + content


def header(key: bytes, type_: bytes, value: bytes) -> bytes:
    return short(key) + type_ + value


def text_header(key: bytes, value: bytes) -> bytes:
    return header(key, b"S", long(value))


def table(*headers: bytes) -> bytes:
    return long(b"".join(headers))


def timestamp(number: int) -> bytes:
    """A number of seconds, or of any unit that a sender uses by mistake."""
    return struct.pack(">Q", number)


def encode_properties(properties: RawProperties) -> bytes:
    """Flags, then the values."""
    present = [name for name in PROPERTIES if name in properties]
    flags = sum(0x8000 >> PROPERTIES.index(name) for name in present)
    return struct.pack(">H", flags) + b"".join(properties[name] for name in present)


def frame(type_: int, payload: bytes, channel: int = 1) -> bytes:
    return struct.pack(">BHI", type_, channel, len(payload)) + payload + FRAME_END


def content_header(properties: RawProperties, body_size: int) -> bytes:
    return struct.pack(">HHQ", BASIC_CLASS, 0, body_size) + encode_properties(properties)


class RawPublisher:
    """A channel with confirms, on which aiormq writes what it is given."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def publish(
        self,
        body: bytes,
        properties: RawProperties,
        routing_key: bytes,
        exchange: bytes = b"inventory.events",
    ) -> None:
        """Returns once the broker has confirmed; raises the error that closes the channel."""
        target = struct.pack(">HHH", BASIC_CLASS, PUBLISH_METHOD, 0)
        starts = range(0, len(body), LARGEST_PAYLOAD)
        await self._write(
            self._frame(METHOD_FRAME, target + short(exchange) + short(routing_key) + b"\x00"),
            self._frame(HEADER_FRAME, content_header(properties, len(body))),
            *(self._frame(BODY_FRAME, body[i : i + LARGEST_PAYLOAD]) for i in starts),
        )

    async def _write(self, *frames: bytes) -> None:
        """Passes frames to aiormq's writer and counts them, like its `basic_publish`."""
        channel = self._channel
        channel.delivery_tag += 1
        confirmation = channel.create_future()
        channel.confirmations[channel.delivery_tag] = confirmation
        await channel.write_queue.put(
            ChannelFrame(payload=b"".join(frames), should_close=False, drain_future=None)
        )
        await confirmation

    def _frame(self, type_: int, payload: bytes) -> bytes:
        return frame(type_, payload, self._channel.number)


@asynccontextmanager
async def raw_publisher(url: str) -> AsyncIterator[RawPublisher]:
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await (await connection.channel()).get_underlay_channel()
        assert isinstance(channel, Channel)
        yield RawPublisher(channel)
