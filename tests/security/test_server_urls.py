import asyncio
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import aiormq
import pytest

from dev.servers import Servers
from tests.conftest import run_command
from worker.infra.db.engine import create_engine
from worker.infra.db.errors import DATABASE_ERRORS
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.connection import BROKER_ERRORS, named
from worker.infra.server_urls import check_server_url

SECRET = "s3cr3t"
WRONG_USAGE = 2

GOOD = "postgresql://user@host/database"


@pytest.mark.parametrize(
    "url",
    [
        GOOD,
        "postgres://user:p%40ss%2Fw%23rd@host:5432/database?sslmode=verify-full",
        "postgresql://user@one:5432,two:5433/database",
        "postgresql://user@[::1]:5432/database",
        "postgresql:///database?host=/var/run/postgresql",
        "postgresql:///database?host=one,two&port=5432,5433",
        "postgresql://[::1]:5432,[::2]/database?target_session_attrs=read-write",
    ],
)
def test_urls_of_libpq_are_taken(url: str) -> None:
    check_server_url(url, "postgresql", "postgres")


@pytest.mark.parametrize(
    "url",
    [
        "amqp://user:password@one:5672,two:5672,three/vhost",
        "amqps://user:pass%2Cword@one,[::1]:5671,[::2]/%2F?heartbeat=15",
        "amqp://one,two",
    ],
)
def test_urls_of_clusters_are_taken(url: str) -> None:
    check_server_url(url, "amqp", "amqps")


@pytest.mark.parametrize(
    "where",
    [
        f"user:{SECRET}/rest@host:5432/name",
        f"user:123{SECRET}/rest@host/name",
        f"user:{SECRET}#rest@host:5432/name",
        f"user:{SECRET}?rest@host:5432/name",
        f"user:{SECRET}@host:port/name",
        f"user:{SECRET}@host:99999/name",
        f"user:{SECRET}@[::1/name",
        f"user:{SECRET}℀@host/name",
        f"user:{SECRET}@x@host/name",
        f"user:{SECRET},5/rest@host/name",
    ],
)
def test_a_malformed_url_is_refused_without_repeating_it(where: str) -> None:
    with pytest.raises(ValueError, match=r"^cannot be read as a URL") as refusal:
        check_server_url(f"amqp://{where}", "amqp", "amqps")

    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    ("variable", "scheme"), [("DATABASE_URL", "postgresql"), ("RABBITMQ_URL", "amqp")]
)
def test_a_password_that_was_not_encoded_is_one_line_without_it(variable: str, scheme: str) -> None:
    servers = Servers(GOOD, "amqp://host/")

    done = run_command(servers, "doctor", **{variable: f"{scheme}://u:{SECRET}/rest@host:1/name"})

    assert done.returncode == WRONG_USAGE
    assert done.stderr.startswith(f"inventory-worker: {variable} cannot be read as a URL")
    assert len(done.stderr.splitlines()) == 1
    assert SECRET not in done.stderr


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "ca.pem"

    with pytest.raises(ValueError, match=f"^cafile={missing}: No such file or directory$"):
        check_server_url(f"amqps://host/?cafile={missing}", "amqp", "amqps")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("amqp://user@one:5672,,two/", "^names several hosts, one of them empty$"),
        ("amqp://,one", "^names several hosts, one of them empty$"),
        ("amqps://user@one,:5671/", "^names several hosts, one of them empty$"),
        ("amqp://user@one:5672,two:99999/", "cannot be read as a URL"),
        ("amqp://user@one:5672,two:port/", "cannot be read as a URL"),
        ("amqp://user@one,[::1/", "cannot be read as a URL"),
        ("http://one:15672,two:15672", "^names several hosts: name one, such as that of a load"),
        ("postgresql://user@one:5432,/name", "^names several hosts, one of them empty$"),
        ("postgresql://user@host/name with blank", "has a blank, a line break, a quote"),
        ("postgresql://user@host/na\nme", "has a blank, a line break, a quote"),
        ('postgresql://user@host/name"', "has a blank, a line break, a quote"),
        ("postgresql://us\udce9r@host/name", "has a blank, a line break, a quote"),
        ("postgresql://user@host/name?sslmode", "has a parameter that is not name=value"),
        ("postgresql://user@host/name?sslmode=yes", "sslmode= must be one of disable, allow"),
        (
            "postgresql://user@host/name?target_session_attrs=master",
            "target_session_attrs= must be one of any, primary",
        ),
        ("amqp://user@db..example.org/", "cannot be read as a URL"),
        ("amqp://user@host/?heartbeat=15s", "heartbeat= must be a number"),
        ("amqps://user@host/?cadata=abc", "cadata= must be base64"),
        ("postgresql://user@host/name?port=abc", "port= must be a number"),
        (
            "postgresql://user@host/name?connect_timeout=10&sslmode=yes&keepalives=1",
            (
                "^has parameters of libpq that cannot work here: leave out connect_timeout=, "
                "keepalives=; sslmode= must be one of"
            ),
        ),
    ],
)
def test_what_no_driver_could_use_is_refused_in_one_line(url: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as refusal:
        check_server_url(url, "amqp", "amqps", "postgresql", "http")

    assert "\n" not in str(refusal.value)


CA = "/etc/ssl/certs/ca-certificates.crt"
WHOLE_DATABASE_URL = (
    f"postgresql://us%40er:{SECRET}%2F@127.0.0.1:1/inv%65ntory"
    f"?sslmode=verify-full&sslrootcert={CA}&target_session_attrs=read-write&port=1"
)
WHOLE_RABBITMQ_URL = (
    f"amqps://us%40er:{SECRET}%2F@127.0.0.1:1/%2Fvhost"
    f"?cafile={CA}&heartbeat=15&connection_timeout=1000&channel_max=5&auth=plain"
)


def halves(url: str, *schemes: str) -> Iterator[str]:
    """What a reader may find of a file that is being written, as far as it passes our check."""
    for length in range(len(url)):
        with suppress(ValueError):
            check_server_url(url[:length], *schemes)
            yield url[:length]


@pytest.mark.skipif(not Path(CA).exists(), reason="this system keeps its certificates elsewhere")
async def test_no_half_of_a_database_url_is_more_than_a_server_that_is_away() -> None:
    tried = 0
    for half in halves(WHOLE_DATABASE_URL, "postgresql"):
        engine = create_engine(partial(str, half), Durations(database_connect=1))
        with pytest.raises(DATABASE_ERRORS):
            await engine.connect()
        tried += 1
    assert tried > 30


@pytest.mark.skipif(not Path(CA).exists(), reason="this system keeps its certificates elsewhere")
async def test_no_half_of_a_rabbitmq_url_is_more_than_a_server_that_is_away() -> None:
    tried = 0
    for half in halves(WHOLE_RABBITMQ_URL, "amqps"):
        with pytest.raises(BROKER_ERRORS):
            async with asyncio.timeout(1):
                # not by aio-pika, whose `__del__` needs a loop
                await aiormq.connect(named(half, "us"))
        tried += 1
    assert tried > 30
