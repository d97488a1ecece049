"""Splits what RabbitMQ sends into the deliveries to our consumer and everything else."""

from collections.abc import Callable
from struct import Struct, error

from pamqp.commands import Basic
from pamqp.constants import FRAME_BODY, FRAME_END, FRAME_HEADER, FRAME_METHOD

from worker.infra.messaging.amqp.content_header import ContentHeaders
from worker.infra.messaging.amqp.message import Message

Deliver = Callable[[Message, int, bool], None]
"""Takes a message, its delivery tag, and whether it is redelivered."""

_frame = Struct(">BHI").unpack_from  # type, channel, size of the payload
_content_header = Struct(">BHIHHQ").unpack_from  # the same, class, weight, size of the body
_tag_and_redelivered = Struct(">QB").unpack_from
_BEFORE, _AROUND = 7, 8  # bytes of a frame before its payload, and in all besides it


class DeliveryParser:
    """Reads frames from pieces of any size.

    Whole deliveries are handed over; all other bytes are passed on unchanged.
    """

    def __init__(self, pass_on: Callable[[bytes], None]) -> None:
        self._pass_on = pass_on
        self._deliver: Deliver | None = None
        self._channel = -1
        self._beginning = b""  # of the first payload of each delivery to our consumer
        self._headers = ContentHeaders()
        self._begun: list[bytes] = []  # the frames of a delivery that is not whole
        self._body_rest = 0  # bytes to come of its body
        self._incomplete = bytearray()  # a frame
        self._needed = 0  # bytes until it can be read
        self._others: list[bytes] = []  # to be passed on
        self._other_rest = 0  # bytes to come of a frame that is being passed on

    def take(self, channel: int, consumer_tag: str, deliver: Deliver) -> None:
        """Hands over the deliveries to this consumer from now on."""
        tag = consumer_tag.encode()
        self._beginning = Basic.Deliver.index.to_bytes(4) + bytes([len(tag)]) + tag
        self._channel, self._deliver = channel, deliver

    def feed(self, data: bytes) -> bool:
        """Reads the next piece.

        Returns whether it kept frames for a delivery, and what it passed on ends with a frame.
        """
        if self._incomplete:
            self._incomplete += data
            if len(self._incomplete) < self._needed:
                return False
            data = bytes(self._incomplete)
            self._incomplete.clear()
        at, end, after = self._other_rest, len(data), 0
        if others_at := min(at, end):  # the rest of a frame goes before what may be released
            self._others.append(data[:others_at])
        has_taken = False
        while at + _BEFORE <= end:
            type_, channel, size = _frame(data, at)
            after = at + _AROUND + size
            if channel != self._channel:
                at = after
            elif after > end:
                break
            elif taken_to := self._take(data, at, after, type_):
                self._others.append(data[others_at:at])
                others_at = at = taken_to
                has_taken = True
            else:
                at = after
        self._others.append(data[others_at:at])
        self._other_rest = max(at - end, 0)
        if at < end:
            self._incomplete += data[at:]
            self._needed = after - at if end - at >= _BEFORE else _BEFORE
        self._pass_on_others()
        return has_taken and not self._other_rest

    def flush(self) -> None:
        """Passes on what is not whole, because nothing more comes."""
        if not self._other_rest:
            self._release()
            self._others.append(bytes(self._incomplete))
            self._incomplete.clear()
            self._pass_on_others()

    def _pass_on_others(self) -> None:
        if others := b"".join(self._others):
            self._pass_on(others)
        self._others.clear()

    def _take(self, data: bytes, at: int, after: int, type_: int) -> int:
        """Takes frames of our channel; returns where they end, 0 if they are not ours."""
        if self._begun:
            return after if self._continue(type_, data[at:after]) else 0
        is_ours = type_ == FRAME_METHOD and data.startswith(self._beginning, at + _BEFORE)
        if not is_ours or data[after - 1] != FRAME_END:
            return 0
        if end := self._take_whole(data, at, after):
            return end
        self._begun.append(data[at:after])
        return after

    def _take_whole(self, data: bytes, at: int, header_at: int) -> int:
        """Takes the usual delivery, three frames in a row; returns where they end."""
        try:
            type_, channel, size, _, _, body_size = _content_header(data, header_at)
            body_at = header_at + _AROUND + size
            body_type, body_channel, size = _frame(data, body_at)
        except error:  # not all of it is here
            return 0
        end: int = body_at + _AROUND + size
        if (
            (type_, body_type, size) != (FRAME_HEADER, FRAME_BODY, body_size)
            or not channel == body_channel == self._channel
            or end > len(data)
            or not data[body_at - 1] == data[end - 1] == FRAME_END
        ):
            return 0
        properties = self._headers.properties(data[header_at + _BEFORE : body_at - 1])
        if properties is None:
            return 0
        self._hand_over(data, at, properties, data[body_at + _BEFORE : end - 1])
        return end

    def _continue(self, type_: int, frame: bytes) -> bool:
        """Adds a frame to the delivery that has begun, if it is the next one."""
        begun = self._begun
        if type_ != (FRAME_HEADER if len(begun) == 1 else FRAME_BODY) or frame[-1] != FRAME_END:
            self._release()
            return False
        begun.append(frame)
        if type_ == FRAME_HEADER:
            self._body_rest = int.from_bytes(frame[11:19])
        else:
            self._body_rest -= len(frame) - _AROUND
        if self._body_rest <= 0:
            self._complete()
        return True

    def _complete(self) -> None:
        first, header, *bodies = self._begun
        properties = self._headers.properties(header[_BEFORE:-1])
        if properties is None:
            self._release()  # aiormq tells what is wrong with it, and ends the connection
            return
        self._begun.clear()
        self._hand_over(first, 0, properties, b"".join(body[_BEFORE:-1] for body in bodies))

    def _release(self) -> None:
        self._others += self._begun
        self._begun.clear()

    def _hand_over(self, data: bytes, at: int, properties: Basic.Properties, body: bytes) -> None:
        at += _BEFORE + len(self._beginning)
        tag, redelivered = _tag_and_redelivered(data, at)
        exchange_at = at + 10
        key_at = exchange_at + data[at + 9] + 1
        exchange = data[exchange_at : key_at - 1].decode("utf-8", "surrogateescape")
        key = data[key_at : key_at + data[key_at - 1]].decode("utf-8", "surrogateescape")
        assert self._deliver is not None, "set by `take`"
        self._deliver(Message(body, properties, exchange, key), tag, bool(redelivered & 1))
