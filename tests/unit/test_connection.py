import pytest
from aiormq.exceptions import (
    ChannelClosed,
    ChannelPreconditionFailed,
    ConnectionClosed,
    ConnectionNotAllowed,
    ProbableAuthenticationError,
)
from pamqp.commands import Basic
from yarl import URL

from worker.infra.messaging.amqp.connection import in_brief, named


def test_a_connection_has_a_name_and_a_heartbeat_of_15_seconds() -> None:
    url = URL(named("amqps://user:pa%2Fss@host:5671/vhost?cafile=/ca.pem", "us"))

    assert dict(url.query) == {"heartbeat": "15", "name": "us", "cafile": "/ca.pem"}
    assert (url.scheme, url.raw_password, url.path) == ("amqps", "pa%2Fss", "/vhost")


def test_what_the_url_says_itself_stands() -> None:
    query = URL(named("amqp://host/?heartbeat=5&name=theirs", "us")).query

    assert dict(query) == {"heartbeat": "5", "name": "theirs"}


@pytest.mark.parametrize(
    ("error", "brief"),
    [
        (OSError("refused\nmore"), "OSError refused"),
        (TimeoutError(), "TimeoutError"),
        (ValueError("  x "), "ValueError x"),
        (ConnectionClosed(320, "CONNECTION_FORCED - bye"), "320 CONNECTION_FORCED - bye"),
        (ConnectionNotAllowed("NOT_ALLOWED - no\nmore"), "530 NOT_ALLOWED - no more"),
        (ChannelClosed(504, "CHANNEL_ERROR - odd"), "504 CHANNEL_ERROR - odd"),
        (ChannelPreconditionFailed("PRECONDITION_FAILED - x"), "406 PRECONDITION_FAILED - x"),
        (ProbableAuthenticationError("ACCESS_REFUSED - no"), "403 ACCESS_REFUSED - no"),
        (RuntimeError(f"{object()} closed"), "RuntimeError <object> closed"),
        (RuntimeError(f"{Basic.Ack()} closed"), "RuntimeError <Basic.Ack> closed"),
        (RuntimeError('<Channel: "1" at 0x7f> closed'), 'RuntimeError <Channel: "1"> closed'),
    ],
)
def test_an_error_is_told_in_one_line(error: Exception, brief: str) -> None:
    assert in_brief(error) == brief
