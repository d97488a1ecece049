"""Shared by all connections to RabbitMQ."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiormq.channel import EXCEPTION_MAPPING as CHANNEL_ERRORS
from aiormq.connection import EXCEPTION_MAPPING as CONNECTION_ERRORS
from aiormq.exceptions import (
    AMQPError,
    ChannelClosed,
    ChannelInvalidStateError,
    ConnectionClosed,
    ProbableAuthenticationError,
)
from yarl import URL

from worker.infra.in_turn import NoServerError
from worker.infra.one_line import one_line
from worker.infra.server_urls import ServerUrlError

BROKER_ERRORS = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError)
"""Errors of a call when the broker or the connection to it fails."""

HEARTBEAT_SECONDS = 15
"""aiormq detects a dead peer after three heartbeats; its default of 60 s would take minutes."""

_REPLY_CODES: dict[type[BaseException], int] = {
    ProbableAuthenticationError: 403,
    **{error: code for code, error in (*CONNECTION_ERRORS.items(), *CHANNEL_ERRORS.items())},
}


@asynccontextmanager
async def closing_is_an_error() -> AsyncIterator[None]:
    """For calls on a connection that another task may close.

    aiormq gives them CancelledError, which would end this task without a word, a bare
    `Exception`, or a `RuntimeError`.

    Raises:
        ConnectionClosed: it was closed, and nobody wants the current task to end.
    """
    try:
        yield
    except (asyncio.CancelledError, Exception) as error:
        task = asyncio.current_task()
        is_told = task is not None and not task.cancelling() and _tells_of_closing(error)
        if not is_told:
            raise
        raise ConnectionClosed(0, "the connection was closed meanwhile") from error


def _tells_of_closing(error: BaseException) -> bool:
    if type(error) is RuntimeError:
        return str(error).endswith(" closed")  # `Connection.channel` says it
    return isinstance(error, asyncio.CancelledError) or (
        type(error) is Exception and not error.args
    )


def named(url: str, name: str) -> str:
    """The URL with a heartbeat and the connection name that operators see."""
    parsed = URL(url)
    defaults = {"heartbeat": str(HEARTBEAT_SECONDS), "name": name}
    return str(parsed.update_query({**defaults, **parsed.query}))


def in_brief(error: BaseException) -> str:
    """The error as one line; if RabbitMQ closed something, its reply code and text."""
    match error:
        case ServerUrlError() | NoServerError():
            return str(error)
        case (
            ConnectionClosed(args=(int(code), str(text)))
            | ChannelClosed(args=(int(code), str(text)))
        ):
            return one_line(f"{code} {text}")
        case _ if type(error) in _REPLY_CODES:
            return one_line(f"{_REPLY_CODES[type(error)]} {error}")
        case _:
            first, *_ = str(error).splitlines() or [""]
            return one_line(f"{type(error).__name__} {first}")
