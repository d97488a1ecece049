"""Loses chosen methods that RabbitMQ sends, as no network can: a consumer that misses them."""

from tests.support.tcp_proxy import Sieve

BASIC_CANCEL = (60, 30)
BASIC_DELIVER = (60, 60)

_METHOD = 1
_OVERHEAD = 8
"""Type, channel and size before the payload of a frame, and one byte after it."""


class LossyFrames:
    """While `losing` a method, it does not pass, nor does its content."""

    def __init__(self) -> None:
        self.losing: tuple[int, int] | None = None
        self.lost = 0

    def sieve(self) -> Sieve:
        """A sieve for one connection."""
        buffer = bytearray()
        passes: dict[bytes, bool] = {}
        """By channel, whether its last method passed, and so whether its content does."""

        def sift(data: bytes) -> bytes:
            buffer.extend(data)
            return b"".join(frame for frame in _take_frames(buffer) if self._passes(frame, passes))

        return sift

    def _passes(self, frame: bytes, passes: dict[bytes, bool]) -> bool:
        channel = frame[1:3]
        if frame[0] == _METHOD:
            method = int.from_bytes(frame[7:9]), int.from_bytes(frame[9:11])
            passes[channel] = method != self.losing
            self.lost += not passes[channel]
        return passes.get(channel, True)


def _take_frames(buffer: bytearray) -> list[bytes]:
    frames = []
    while len(buffer) >= _OVERHEAD:
        size = int.from_bytes(buffer[3:7]) + _OVERHEAD
        if len(buffer) < size:
            break
        frames.append(bytes(buffer[:size]))
        del buffer[:size]
    return frames
