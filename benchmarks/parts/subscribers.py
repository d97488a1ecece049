"""Three ways from the channel to the handler, for `docs/decisions/0002-deliveries.md`."""

import os
import sys
from pathlib import Path
from typing import Any

from benchmarks.contestants import OURS, Contestant
from benchmarks.options import Options
from benchmarks.parts.throughput import measure_contestants
from dev.servers import Servers

BEFORE = "BENCH_BEFORE"
"""The folder of an earlier commit's checkout, measured in the same run."""


def run(servers: Servers, options: Options) -> dict[str, Any]:
    """Measures the batch subscriber, the same without FastStream's pipeline, and per-message."""
    module = (sys.executable, "-m")
    contestants = [
        Contestant(OURS.key, "batch subscriber", OURS.command),
        Contestant(
            "straight",
            "batches straight to the handler",
            (*module, "benchmarks.subscribers.straight", "run"),
        ),
        Contestant(
            "per_message",
            "one call per message",
            (*module, "benchmarks.subscribers.per_message", "run"),
        ),
    ]
    if before := os.environ.get(BEFORE):
        command = (sys.executable, "-c", _RUN_AT, str(Path(before).resolve()))
        contestants.append(Contestant("before", "the commit before", command))
    return measure_contestants(servers, contestants, options)


_RUN_AT = """
import os, runpy, sys
folder = sys.argv.pop(1)
os.chdir(folder)
sys.path.insert(0, folder)
sys.argv = ["worker", "run"]
runpy.run_module("worker", run_name="__main__")
"""
