"""Several workers on one queue."""

import asyncio
from statistics import median
from typing import Any

from benchmarks.contestants import OURS
from benchmarks.drain import measure_drain
from benchmarks.options import Options
from dev.servers import Servers
from worker.cli.output import print_table

PROCESSES = (1, 2, 3, 4)


def run(servers: Servers, options: Options) -> dict[str, Any]:
    """Drains the same messages with one to four workers, all on this machine."""
    speeds = {
        processes: median(
            asyncio.run(
                measure_drain(servers, OURS, options.messages, processes=processes)
            ).messages_per_second
            for _ in range(options.rounds)
        )
        for processes in PROCESSES
    }
    rows = [(n, f"{speed:.0f}", f"{speed / speeds[1]:.2f} x") for n, speed in speeds.items()]
    print_table("workers on one queue", ("#workers", "#messages/s", "#relative to one"), rows)
    return {"messages_per_second": speeds}
