"""Prepares the servers before a measurement."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from faststream.rabbit import RabbitBroker

from dev.servers import Servers
from worker.infra.messaging.retry_delays import parse_retry_delays
from worker.infra.messaging.topology import declare_topology

ROOT = Path(__file__).parents[1]


def prepare(servers: Servers) -> None:
    """Migrates, and declares exchanges and queues like the worker."""
    subprocess.run(
        [sys.executable, "-m", "worker", "migrate"],
        env={**os.environ, "DATABASE_URL": servers.database_url},
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    asyncio.run(_declare(servers))


async def _declare(servers: Servers) -> None:
    broker = RabbitBroker(servers.rabbitmq_url, logger=None)
    await broker.connect()
    await declare_topology(broker, parse_retry_delays("5s,30s,2m"))
    await broker.stop()
