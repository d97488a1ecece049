import asyncio

import pytest
from pamqp import frame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat
from typing_extensions import override

from worker.infra.messaging.amqp.delivery_transport import ALIVE_SECONDS, DeliveryProtocol
from worker.infra.messaging.amqp.message import Message

CHANNEL, TAG = 1, "ctag1.ours"
HEARTBEAT = Heartbeat.marshal()
QOS_OK = frame.marshal(Basic.QosOk(), CHANNEL)
DELIVERY = b"".join(
    frame.marshal(each, CHANNEL)
    for each in (
        Basic.Deliver(TAG, 1, redelivered=False, exchange="e", routing_key="k"),
        ContentHeader(body_size=4),
        ContentBody(b"body"),
    )
)


class Streams(asyncio.Protocol):
    """aiormq's side; writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    @override
    def data_received(self, data: bytes) -> None:
        self.told.append(data)

    @override
    def eof_received(self) -> bool:
        self.told.append("eof")
        return True

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append(exc)

    @override
    def pause_writing(self) -> None:
        self.told.append("pause")

    @override
    def resume_writing(self) -> None:
        self.told.append("resume")


class Connected:
    def __init__(self) -> None:
        self.now = 1000.0
        self.bodies: list[bytes] = []
        self.streams = Streams()
        self.protocol = DeliveryProtocol(self.streams, lambda: self.now)
        self.protocol.parser.take(CHANNEL, TAG, self._take)

    def receive(self, data: bytes) -> None:
        buffer = self.protocol.get_buffer(-1)
        buffer[: len(data)] = data
        self.protocol.buffer_updated(len(data))

    def _take(self, message: Message, _: int, __: bool) -> None:
        self.bodies.append(message.body)


@pytest.fixture
def connected() -> Connected:
    return Connected()


def test_aiormq_gets_a_heartbeat_a_second_while_all_that_comes_are_deliveries(
    connected: Connected,
) -> None:
    """Otherwise it ends the connection as stuck: RabbitMQ sends no heartbeats meanwhile."""
    connected.receive(QOS_OK)

    for _ in range(35):
        connected.now += ALIVE_SECONDS / 10
        connected.receive(DELIVERY)

    assert connected.bodies == [b"body"] * 35
    assert connected.streams.told == [QOS_OK, HEARTBEAT, HEARTBEAT, HEARTBEAT]


def test_no_heartbeat_is_made_up_while_nothing_or_less_than_a_frame_comes(
    connected: Connected,
) -> None:
    connected.receive(QOS_OK)

    for at in range(len(DELIVERY[:20])):
        connected.now += ALIVE_SECONDS * 10
        connected.receive(DELIVERY[at : at + 1])

    assert connected.streams.told == [QOS_OK]


def test_the_end_comes_after_what_is_incomplete(connected: Connected) -> None:
    connected.receive(QOS_OK + DELIVERY[:-1])

    assert connected.protocol.eof_received()
    connected.protocol.connection_lost(None)

    assert connected.streams.told == [QOS_OK, DELIVERY[:-1], "eof", None]


def test_a_lost_connection_is_told_after_what_is_incomplete(connected: Connected) -> None:
    lost = ConnectionResetError()
    connected.receive(DELIVERY[:5])

    connected.protocol.connection_lost(lost)

    assert connected.streams.told == [DELIVERY[:5], lost]


def test_a_writer_is_paused_and_resumed(connected: Connected) -> None:
    connected.protocol.pause_writing()
    connected.protocol.resume_writing()

    assert connected.streams.told == ["pause", "resume"]
