"""The memory of a worker with a long queue before it."""

import asyncio

from benchmarks.contestants import OURS
from benchmarks.filling import fill
from benchmarks.measured_process import MeasuredProcess
from dev.servers import Servers

WATCHED_SECONDS = 30


async def measure_backlog_memory(servers: Servers, waiting: int) -> float:
    """Peak megabytes of a worker in its first half minute on this many waiting messages."""
    await fill(servers.rabbitmq_url, waiting)
    with MeasuredProcess(OURS.command, OURS.environment(servers)) as process:
        await asyncio.sleep(WATCHED_SECONDS)
        return process.peak_bytes / 1e6
