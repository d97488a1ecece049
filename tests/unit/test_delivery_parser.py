"""Whatever the pieces in which frames come, aiormq and we get what aiormq alone would get."""

import asyncio
from collections.abc import Iterable
from itertools import pairwise

import pytest
from aiormq.connection import FrameReceiver
from hypothesis import given
from hypothesis import strategies as st
from pamqp import frame
from pamqp.body import ContentBody
from pamqp.commands import Basic, Channel, Connection, Queue
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from tests.support.examples import examples
from worker.infra.messaging.amqp.delivery_parser import DeliveryParser
from worker.infra.messaging.amqp.message import Message

OURS, OTHER = 1, 2
TAG = "ctag1.ours"


def deliver(body: bytes, *frame_sizes: int, tag: str = TAG, channel: int = OURS) -> list[bytes]:
    """The frames of a delivery; the body is split into frames of these sizes, and the rest."""
    method = Basic.Deliver(tag, len(body) + 1, len(body) % 2 == 1, "inventory.events", "key")
    properties = Basic.Properties(message_id=f"id-{len(body)}", headers={"x-delivery-count": 0})
    return content(method, body, *frame_sizes, channel=channel, properties=properties)


def content(
    method: frame.FrameTypes,
    body: bytes,
    *frame_sizes: int,
    channel: int = OURS,
    properties: Basic.Properties | None = None,
) -> list[bytes]:
    parts, rest = [], body
    for size in (*frame_sizes, len(body)):
        parts.append(ContentBody(rest[:size]))
        rest = rest[size:]
    header = ContentHeader(body_size=len(body), properties=properties)
    frames = [method, header, *(part for part in parts if part.value)]
    return [frame.marshal(each, channel) for each in frames]


def method(frame_value: frame.FrameTypes, channel: int = OURS) -> bytes:
    return frame.marshal(frame_value, channel)


def split_by(inserted: bytes, frames: list[bytes]) -> list[bytes]:
    """The frames, with another one after each of them."""
    return [part for each in frames for part in (each, inserted)]


HEARTBEAT = Heartbeat.marshal()
CLOSE = method(Connection.Close(320, "CONNECTION_FORCED", 0, 0), channel=0)
STRANGE = b"\xfe" + method(Basic.QosOk())[1:]
"""A frame of no known type on our channel."""

OTHER_DELIVERY = deliver(b"other", channel=OTHER)
BETWEEN = deliver(b"between")
PARTS = {
    "usual": deliver(b"body"),
    "empty": deliver(b""),
    "several frames": deliver(b"a body in three", 3, 5),
    "between others": split_by(HEARTBEAT, deliver(b"in two", 3)),
    "between a delivery of another channel": [
        part
        for pair in zip(deliver(b"ours"), deliver(b"other", channel=OTHER), strict=True)
        for part in pair
    ],
    "before the content of another channel": [
        *(OTHER_DELIVERY[0], BETWEEN[0], *OTHER_DELIVERY[1:], *BETWEEN[1:]),
    ],
    "other channel": deliver(b"other", 2, channel=OTHER),
    "other consumer": deliver(b"other", 2, tag="ctag1.other"),
    "returned": content(Basic.Return(312, "NO_ROUTE", "e", "k"), b"returned", 3),
    "got": content(Basic.GetOk(9, False, "e", "k", 0), b"got"),
    "acks": [method(Basic.Ack(3, multiple=True)), method(Channel.CloseOk(), OTHER)],
    "cancelled": [method(Basic.Cancel(TAG)), method(Basic.ConsumeOk(TAG))],
    "heartbeat": [HEARTBEAT],
    "closed": [method(Channel.Close(406, "PRECONDITION_FAILED", 0, 0)), CLOSE],
}
STREAM = b"".join(part for parts in PARTS.values() for part in parts)

Delivered = tuple[bytes, str, int, bool, str, str]


def told(message: Message, tag: int, redelivered: bool) -> Delivered:
    id_ = message.properties.message_id or ""
    return message.body, id_, tag, redelivered, message.exchange, message.routing_key


class Connected:
    """Our consumer, and the frames that reach aiormq."""

    def __init__(self) -> None:
        self.delivered: list[Delivered] = []
        self.passed_on = bytearray()
        self.parser = DeliveryParser(self.passed_on.extend)
        self.parser.take(OURS, TAG, self._take)

    def feed(self, pieces: Iterable[bytes]) -> "Connected":
        for piece in pieces:
            self.parser.feed(piece)
        return self

    def _take(self, message: Message, tag: int, redelivered: bool) -> None:
        self.delivered.append(told(message, tag, redelivered))


def frames_of(stream: bytes) -> list[tuple[int, frame.FrameTypes]]:
    """The frames that aiormq reads, with their channels."""

    async def read() -> list[tuple[int, frame.FrameTypes]]:
        reader = asyncio.StreamReader()
        reader.feed_data(stream)
        reader.feed_eof()
        return [(channel, frame) async for _, channel, frame in FrameReceiver(reader)]

    return asyncio.run(read())


def by_aiormq(stream: bytes) -> tuple[list[Delivered], list[bytes]]:
    """The deliveries to our consumer, and all other frames."""
    delivered, others = [], []
    ours: Basic.Deliver | None = None
    header, body = ContentHeader(), b""
    for channel, each in frames_of(stream):
        match each:
            case Basic.Deliver(consumer_tag=tag) if (channel, tag) == (OURS, TAG):
                ours, body = each, b""
            case ContentHeader() if ours and channel == OURS:
                header = each
            case ContentBody() if ours and channel == OURS:
                body += each.value
            case _:
                others.append(frame.marshal(each, channel))
                continue
        if ours and not isinstance(each, Basic.Deliver) and len(body) == header.body_size:
            message = Message(body, header.properties, ours.exchange or "", ours.routing_key or "")
            delivered.append(told(message, ours.delivery_tag or 0, ours.redelivered))
            ours = None
    return delivered, others


DELIVERED, OTHERS = by_aiormq(STREAM)
EXPECTED = DELIVERED, b"".join(OTHERS)


def seen(connected: Connected) -> tuple[list[Delivered], bytes]:
    return connected.delivered, bytes(connected.passed_on)


def test_the_stream_has_deliveries_and_other_frames() -> None:
    bodies = [body for body, *_ in DELIVERED]

    assert bodies == [b"body", b"", b"a body in three", b"in two", b"ours", b"between"]
    assert len(OTHERS) == 32


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 50, len(STREAM)])
def test_pieces_of_any_size_give_what_aiormq_gives(size: int) -> None:
    pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]

    assert seen(Connected().feed(pieces)) == EXPECTED


def test_the_stream_cut_at_any_byte_gives_what_aiormq_gives() -> None:
    for cut in range(len(STREAM)):
        assert seen(Connected().feed([STREAM[:cut], STREAM[cut:]])) == EXPECTED


@examples(100)
@given(
    st.lists(st.sampled_from([*PARTS]), max_size=8),
    st.lists(st.integers(0, 1000), max_size=10),
)
def test_any_frames_in_any_pieces_give_what_aiormq_gives(names: list[str], cuts: list[int]) -> None:
    stream = b"".join(part for name in names for part in PARTS[name])
    ends = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(ends)]

    delivered, others = by_aiormq(stream)
    assert seen(Connected().feed(pieces)) == (delivered, b"".join(others))


@pytest.mark.parametrize(
    "stream",
    [
        b"".join(deliver(b"body")[:2]) + STRANGE,
        b"".join([*deliver(b"body", 2)[:3], method(Basic.CancelOk(TAG))]),
        b"".join([*deliver(b"body")[:1], *deliver(b"body")[2:]]),
        deliver(b"body")[0][:-1] + b"\x00" + b"".join(deliver(b"body")[1:]),
        b"".join(deliver(b"body")[:2]) + deliver(b"body")[2][:-1] + b"\x00",
        deliver(b"")[0] + frame._marshal(2, OURS, b"\x00" * 13),  # noqa: SLF001 - flags cut off
    ],
    ids=["frame", "method", "no header", "end of first", "end of body", "header"],
)
def test_a_delivery_with_a_wrong_frame_is_left_to_aiormq(stream: bytes) -> None:
    whole = deliver(b"before")

    for size in (1, len(stream)):
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        connected = Connected().feed([*whole, *pieces])
        connected.parser.flush()

        assert connected.passed_on == stream
        assert len(connected.delivered) == 1


def test_what_is_left_to_aiormq_is_not_put_inside_a_frame_of_another_channel() -> None:
    first, *_ = deliver(b"body")
    other, wrong = method(Queue.DeclareOk("q", 5, 1), OTHER), method(Basic.CancelOk(TAG))

    for cut in range(1, len(other)):
        connected = Connected().feed([first + other[:cut], other[cut:] + wrong])

        channels = [channel for channel, _ in frames_of(bytes(connected.passed_on))]
        assert sorted(channels) == [OURS, OURS, OTHER], cut


def test_what_is_incomplete_at_the_end_is_left_to_aiormq() -> None:
    stream = b"".join(deliver(b"body", 2))

    for end in range(1, len(stream)):
        connected = Connected().feed([stream[:end]])
        assert not connected.passed_on, end
        connected.parser.flush()
        connected.parser.flush()  # the connection is lost after its end

        assert connected.passed_on == stream[:end]


def test_nothing_is_added_inside_a_frame_that_is_passed_on() -> None:
    """Whether a heartbeat may be added is told after each piece."""
    connected = Connected()
    ours, other = b"".join(deliver(b"ours")), b"".join(deliver(b"other", channel=OTHER))

    assert not connected.parser.feed(other)
    assert connected.parser.feed(ours)
    assert not connected.parser.feed(ours + other[:20])
    assert not connected.parser.feed(other[20:])
    assert connected.parser.feed(ours)


def test_without_a_consumer_all_is_passed_on() -> None:
    passed_on = bytearray()
    parser = DeliveryParser(passed_on.extend)

    for at in range(0, len(STREAM), 5):
        assert not parser.feed(STREAM[at : at + 5])

    assert passed_on == STREAM


def test_names_that_are_not_utf_8_keep_their_bytes() -> None:
    """As the tolerance patch of pamqp decodes them."""
    frames = deliver(b"body")
    connected = Connected().feed([frames[0].replace(b"key", b"k\xff\xfe"), *frames[1:]])

    [(*_, key)] = connected.delivered
    assert key == "k\udcff\udcfe"
