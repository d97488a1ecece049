"""Free ports for private servers."""

import os
import secrets
import socket

LOOPBACK = "127.0.0.1"
_FIRST, _STRIPES, _STRIPE = 20_000, 50, 200


def free_port() -> int:
    """Return a port that nobody listens on.

    It lies below the range from which the system serves outgoing connections (32768 and up on
    Linux). A port of that range could be taken while its server is stopped, and a client that keeps
    trying to reach the stopped server could even end up connected to itself. Each process draws
    from a stripe of the range, so that two of them side by side do not draw the same port.
    """
    stripe = _FIRST + os.getpid() % _STRIPES * _STRIPE
    while True:
        port = stripe + secrets.randbelow(_STRIPE)
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
