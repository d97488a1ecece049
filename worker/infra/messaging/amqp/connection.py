"""What all connections to RabbitMQ share."""

from aiormq.exceptions import AMQPError, ChannelInvalidStateError
from yarl import URL

BROKER_ERRORS = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError)
"""What a call to the broker may raise when the broker, or the way to it, is not well."""

HEARTBEAT_SECONDS = 15
"""aiormq notices a dead peer after three of them; its default of 60 s would take minutes."""


def named(url: str, name: str) -> str:
    """The URL with the connection name that operators look for, and a heartbeat."""
    parsed = URL(url)
    defaults = {"heartbeat": str(HEARTBEAT_SECONDS), "name": name}
    return str(parsed.update_query({**defaults, **parsed.query}))


def in_brief(error: BaseException) -> str:
    """One line for a log or a person."""
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__} {lines[0]}".strip()
