"""Free ports for private servers."""

import itertools
import os
import secrets
import socket
from collections.abc import Iterator
from functools import cache

LOOPBACK = "127.0.0.1"
_FIRST, _STRIPES, _STRIPE = 20_000, 50, 200


@cache
def _draws() -> Iterator[int]:
    """Where this process is in its stripe."""
    return itertools.count(secrets.randbelow(_STRIPE))


def free_port() -> int:
    """Return a port that nobody listens on.

    It lies below the range from which the system serves outgoing connections (32768 and up on
    Linux). A port of that range could be taken while its server is stopped, and a client that keeps
    trying to reach the stopped server could even end up connected to itself. Nobody may listen yet
    when the next port is drawn: each process has a stripe of its own and goes through it in turn.
    """
    stripe = _FIRST + os.getpid() % _STRIPES * _STRIPE
    while True:
        port = stripe + next(_draws()) % _STRIPE
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port


def accepts_connections(port: int) -> bool:
    """Tell whether a server listens on the port by now."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True
