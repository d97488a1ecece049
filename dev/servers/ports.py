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
    """Offsets into this process's range, in turn, from a random start."""
    return itertools.count(secrets.randbelow(_STRIPE))


def free_port() -> int:
    """Return a port without a listener.

    It is below the range of outgoing connections (32768 and up on Linux). A port of that range
    could be taken while its server is stopped, and a client that keeps trying to reach the stopped
    server could even connect to itself. Each process goes through a range of its own in turn,
    because a port that was returned may have no listener yet when the next one is chosen.
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
    """Whether a server listens on the port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True
