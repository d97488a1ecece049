"""The memory of a worker on a long queue."""

import asyncio
from typing import Any

from benchmarks.contestants import OURS
from benchmarks.filling import fill
from benchmarks.measured_process import MeasuredProcess
from benchmarks.options import Options
from dev.servers import Servers
from worker.cli.output import print_table

WATCHED_SECONDS = 30


def run(servers: Servers, options: Options) -> dict[str, Any]:
    """Measures the peak memory for several queue lengths."""
    peak = asyncio.run(measure_backlog_memory(servers, options.waiting))
    rows = [(f"{options.waiting:,}", f"{peak:.0f}")]
    print_table("a long queue", ("#waiting", "#peak MB of the worker"), rows)
    return {"waiting": options.waiting, "peak_megabytes": peak}


async def measure_backlog_memory(servers: Servers, waiting: int) -> float:
    """Peak megabytes of a worker in its first half minute on this many waiting messages."""
    await fill(servers.rabbitmq_url, waiting)
    with MeasuredProcess(OURS.command, OURS.environment(servers)) as process:
        await asyncio.sleep(WATCHED_SECONDS)
        return process.peak_bytes / 1e6
