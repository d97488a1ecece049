"""Connects aiormq so that deliveries reach us from the socket, past its reader.

`docs/decisions/0007-read-path.md` has the measurements, and the names that this rests on.
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from aio_pika import RobustConnection
from aiormq.connection import TCPTransportFactory, TLSTransportFactory, TransportFactory
from pamqp.heartbeat import Heartbeat
from typing_extensions import override
from yarl import URL

from worker.infra.messaging.amqp.delivery_parser import Deliver, DeliveryParser

READ_BYTES = 128 * 1024
"""The most that is read and parsed before other tasks may run: about 370 events."""

ALIVE_SECONDS = 1.0
"""How often aiormq learns that the peer lives, while all that comes are deliveries."""


class DeliveryTransport(TransportFactory):
    """Opens aiormq's connections; `take` works on the one opened last."""

    def __init__(self) -> None:
        self._parser: DeliveryParser | None = None

    def connection(
        self,
        class_: type[RobustConnection],
        url: URL,
        **options: Any,  # noqa: ANN401 - as aio-pika calls it
    ) -> RobustConnection:
        """Stands in for a class of connections, for aio-pika's `connection_class`."""
        connection = class_(url, **options)
        connection.kwargs["transport_factory"] = self  # aio-pika has no parameter for it
        return connection

    @override
    async def create(
        self, url: URL, **kwargs: Any
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        plain = TLSTransportFactory() if url.scheme == "amqps" else TCPTransportFactory()
        reader, writer = await plain.create(url, **kwargs)
        transport = cast("asyncio.Transport", writer.transport)
        streams = cast("asyncio.Protocol", transport.get_protocol())
        protocol = DeliveryProtocol(streams, asyncio.get_running_loop().time)
        transport.set_protocol(protocol)
        self._parser = protocol.parser
        return reader, writer

    def take(self, channel: int, consumer_tag: str, deliver: Deliver) -> None:
        """Hands over the deliveries to this consumer; nothing if the connection is not ours."""
        if self._parser is not None:
            self._parser.take(channel, consumer_tag, deliver)


class DeliveryProtocol(asyncio.BufferedProtocol):
    """Stands between the socket and the streams that aiormq reads and writes."""

    def __init__(self, streams: asyncio.Protocol, clock: Callable[[], float]) -> None:
        self._streams = streams
        self._clock = clock
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._alive_at = 0.0
        self.parser = DeliveryParser(self._pass_on)

    @override
    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    @override
    def buffer_updated(self, nbytes: int) -> None:
        kept_frames = self.parser.feed(self._buffer[:nbytes].tobytes())
        if kept_frames and self._clock() > self._alive_at + ALIVE_SECONDS:
            self._pass_on(Heartbeat.value)

    @override
    def eof_received(self) -> bool | None:
        self.parser.flush()
        return self._streams.eof_received()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.parser.flush()
        self._streams.connection_lost(exc)

    @override
    def pause_writing(self) -> None:
        self._streams.pause_writing()

    @override
    def resume_writing(self) -> None:
        self._streams.resume_writing()

    def _pass_on(self, data: bytes) -> None:
        self._alive_at = self._clock()
        self._streams.data_received(data)
