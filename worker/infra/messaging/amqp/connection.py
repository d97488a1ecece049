"""Shared by all connections to RabbitMQ."""

from aiormq.exceptions import AMQPError, ChannelInvalidStateError
from yarl import URL

from worker.infra.server_urls import ServerUrlError

BROKER_ERRORS = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError)
"""Errors of a call when the broker or the connection to it fails."""

HEARTBEAT_SECONDS = 15
"""aiormq detects a dead peer after three heartbeats; its default of 60 s would take minutes."""


def named(url: str, name: str) -> str:
    """The URL with a heartbeat and the connection name that operators see."""
    parsed = URL(url)
    defaults = {"heartbeat": str(HEARTBEAT_SECONDS), "name": name}
    return str(parsed.update_query({**defaults, **parsed.query}))


def in_brief(error: BaseException) -> str:
    """The error as one line."""
    if isinstance(error, ServerUrlError):
        return str(error)
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__} {lines[0]}".strip()
