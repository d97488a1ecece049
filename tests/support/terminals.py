"""Runs a command in a terminal of a given width."""

import fcntl
import os
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dev.servers import Servers
from dev.worker_process import Process
from tests.support.forked_commands import fork


@dataclass(frozen=True)
class Screen:
    """What a command has printed to its terminal."""

    lines: list[str]
    exit_code: int

    @property
    def squeezed(self) -> str:
        """All of it without blanks and line ends, which is how a folded value is found."""
        return squeeze("".join(self.lines))


def squeeze(text: str) -> str:
    return "".join(text.split())


@contextmanager
def terminal(servers: Servers, columns: int, *arguments: str) -> Iterator[tuple[Process, int]]:
    """The process, and the other end of its terminal."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES"}} | {
        "DATABASE_URL": servers.database_url,
        "RABBITMQ_URL": servers.rabbitmq_url,
        "TERM": "xterm",
        "NO_COLOR": "1",
    }
    streams = theirs, theirs, theirs
    process = fork("worker", *arguments, environment=environment, streams=streams)
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def read(ours: int) -> bytes:
    """What comes next; nothing at the end, which Linux tells by an error."""
    try:
        return os.read(ours, 65_536)
    except OSError:
        return b""


def read_until(ours: int, text: bytes) -> bytes:
    """What comes, up to this text."""
    printed = b""
    while text not in printed:
        came = read(ours)
        assert came, printed
        printed += came
    return printed


def run_in_terminal(servers: Servers, columns: int, *arguments: str) -> Screen:
    """Runs it to its end."""
    with terminal(servers, columns, *arguments) as (process, ours):
        printed = b"".join(iter(lambda: read(ours), b""))
        exit_code = process.wait(60)
    text = printed.decode().replace("\x1b[1m", "").replace("\x1b[0m", "")
    return Screen(text.split("\r\n"), exit_code)
