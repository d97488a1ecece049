"""`make bench`: measures, prints the tables, writes the figures and a chart."""

import argparse
import json
import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from benchmarks import catalog_searches, catalog_writes
from benchmarks.options import Options
from benchmarks.parts import backlog, growth, indexes, latency, subscribers, throughput, workers
from benchmarks.preparing import prepare
from benchmarks.results import RESULTS
from dev.servers import Servers, ServerSet, start_servers

Part = Callable[[ServerSet, Options], dict[str, Any]]


def _on_fresh_servers(name: str, run: Callable[[Servers, Options], dict[str, Any]]) -> Part:
    """A part that needs one database and vhost."""

    def measure(running: ServerSet, options: Options) -> dict[str, Any]:
        with running.fresh(f"bench_{name}") as servers:
            prepare(servers)
            return run(servers, options)

    return measure


_ONE_DATABASE = {
    "throughput": throughput.run,
    "latency": latency.run,
    "workers": workers.run,
    "backlog": backlog.run,
    "indexes": indexes.run,
    "subscribers": subscribers.run,
    "catalog_searches": catalog_searches.run,
    "catalog_writes": catalog_writes.run,
}
PARTS: dict[str, Part] = {
    **{name: _on_fresh_servers(name, run) for name, run in _ONE_DATABASE.items()},
    "growth": growth.run,
}


def main() -> None:
    """Runs the requested parts, all by default, each on a fresh database and vhost."""
    arguments = _parse_arguments()
    options = Options(arguments.rounds, arguments.messages, arguments.waiting)
    with start_servers() as running:
        for part in arguments.parts or PARTS:
            _write(part, PARTS[part](running, options))


def _write(part: str, figures: dict[str, Any]) -> None:
    machine = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{part}.json").write_text(json.dumps({**machine, **figures}, indent=2) + "\n")


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--waiting", type=int, default=1_000_000)
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}: choose of {', '.join(PARTS)}")
    return arguments


if __name__ == "__main__":
    main()
