"""`make demo`: sends events through a real RabbitMQ and PostgreSQL and prints their outcomes."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from dev.servers import Servers, ServersUnavailableError, start_servers
from dev.servers.signals import Terminated
from dev.worker_process import WorkerProcess
from worker.application.outcomes import Outcome
from worker.cli.output import print_table

ROOT = Path(__file__).parents[1]
EVENTS = ROOT / "examples" / "events.jsonl"
OUTCOMES = tuple(Outcome)
SHORT_RETRIES = {"WORKER_RETRY_DELAYS": "200ms,500ms,1s"}

_console = Console(highlight=False)


def main() -> int:
    """Return 0 if every published event is accounted for."""
    return on_servers("demo", _run_demo)


def on_servers(name: str, run: Callable[[Servers], int]) -> int:
    """Runs something on servers of its own; returns its exit code, or that of the signal."""
    try:
        _console.print("starting PostgreSQL and RabbitMQ …")
        with start_servers() as running, running.fresh(name) as servers:
            return run(servers)
    except ServersUnavailableError as error:
        print(error, file=sys.stderr)
        return 1
    except Terminated as request:
        return request.exit_code
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _run_demo(servers: Servers) -> int:
    with publishing_worker(servers) as (worker, published):
        by_type = worker.count_outcomes_by_type()
        worker.terminate()
    dead = _dead_letters_by_type(servers)
    accounted = _print_outcomes(by_type, dead)
    inventory_worker(servers, "catalog", "search", "--limit", "5")
    inventory_worker(servers, "catalog", "stats", "--by", "year", "--make", "nissan")
    inventory_worker(servers, "catalog", "show", "MX-MID-000348")
    inventory_worker(servers, "dlq", "list")
    _console.print(
        f"{published} published, {accounted} applied, duplicate, stale, unchanged or dead letters"
    )
    return 0 if accounted == published else 1


@contextmanager
def publishing_worker(servers: Servers) -> Iterator[tuple[WorkerProcess, int]]:
    """A worker that has taken all events, and how many there were; it is killed at the end."""
    published = sum(1 for line in EVENTS.read_text(encoding="utf-8").splitlines() if line)
    inventory_worker(servers, "migrate")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "worker.log"
        worker = WorkerProcess(servers.database_url, servers.rabbitmq_url, log, SHORT_RETRIES)
        _console.print("[bold]$ inventory-worker run &[/]")
        with worker:
            inventory_worker(servers, "publish", "--no-validate", str(EVENTS.relative_to(ROOT)))
            worker.wait_results(published)
            yield worker, published


def _print_outcomes(by_type: Mapping[str, Mapping[str, int]], dead: Mapping[str, int]) -> int:
    """Prints the outcomes by type; returns the number of events."""
    rows: list[tuple[Any, ...]] = []
    for type_ in sorted({*by_type, *dead}):
        counts = [by_type.get(type_, {}).get(outcome, 0) for outcome in OUTCOMES]
        counts.append(dead.get(type_, 0))
        rows.append((type_, *counts, sum(counts)))
    columns = ("type", *(f"#{name}" for name in (*OUTCOMES, "dead letters", "together")))
    print_table("where each event went", columns, rows)
    return sum(row[-1] for row in rows)


def _dead_letters_by_type(servers: Servers) -> dict[str, int]:
    listed = json.loads(_run(servers, "dlq", "list", "--json", capture=True))
    dead: dict[str, int] = {}
    for group in listed["groups"]:
        dead[group["type"]] = dead.get(group["type"], 0) + group["messages"]
    return dead


def inventory_worker(servers: Servers, *arguments: str) -> None:
    """Prints a command as typed in a shell, and its output."""
    _console.print(f"[bold]$ inventory-worker {' '.join(arguments)}[/]")
    _run(servers, *arguments)


def environment_of(servers: Servers) -> dict[str, str]:
    """For commands on these servers."""
    urls = {"DATABASE_URL": servers.database_url, "RABBITMQ_URL": servers.rabbitmq_url}
    return {**os.environ, **SHORT_RETRIES, **urls}


def _run(servers: Servers, *arguments: str, capture: bool = False) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "worker", *arguments],
        env=environment_of(servers),
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE if capture else None,
        text=True,
    )
    return done.stdout or ""


if __name__ == "__main__":
    sys.exit(main())
