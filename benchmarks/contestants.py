import sys
from dataclasses import dataclass
from pathlib import Path

from dev.servers import Servers


@dataclass(frozen=True, slots=True)
class Contestant:
    """A consumer to measure, run as in production."""

    key: str
    title: str
    command: tuple[str, ...]

    def environment(self, servers: Servers) -> dict[str, str]:
        """The URLs of the servers; everything else has its default."""
        return {
            "DATABASE_URL": servers.database_url,
            "RABBITMQ_URL": servers.rabbitmq_url,
            "WORKER_HTTP_PORT": "0",
        }


def _module(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *arguments)


OURS = Contestant("ours", "inventory-worker", _module("worker", "run"))
PEERS = (
    Contestant(
        "a", "FastStream + SQLAlchemy ORM, per message", _module("benchmarks.peers.faststream_orm")
    ),
    Contestant(
        "b", "aio-pika + asyncpg, per message", _module("benchmarks.peers.aio_pika_asyncpg")
    ),
    Contestant(
        "c", "aio-pika + asyncpg, batches by hand", _module("benchmarks.peers.aio_pika_batch")
    ),
)


def in_c(program: Path) -> Contestant:
    """The limit: what the two servers give to a consumer that costs nearly nothing itself."""
    return Contestant("d", "librabbitmq + libpq in C, batches: the limit", (str(program),))
