"""Runs the worker as a separate process."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from dev.servers.ports import free_port
from worker.application.outcomes import Outcome

PATIENCE_SECONDS = 60
OUTCOMES = frozenset(Outcome)
MESSAGES = "inventory_worker_messages_total"
IN_FLIGHT = "inventory_worker_in_flight_messages"
WEDGES = "inventory_worker_wedges_total"
STANDING = "inventory_worker_standing_messages"
NODE = "inventory_worker_rabbitmq_node_info"
REPUBLISHED = "inventory_worker_republished_messages_total"


class Process(Protocol):
    """What is used of a `subprocess.Popen`."""

    @property
    def pid(self) -> int:
        """Its id."""

    def poll(self) -> int | None:
        """The exit code, None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once there is one."""

    def send_signal(self, number: int, /) -> None:
        """Does nothing if it has ended."""

    def kill(self) -> None:
        """Send SIGKILL."""


Launch = Callable[[Sequence[str], Mapping[str, str], BinaryIO], Process]
"""Starts a command with this environment; what it prints goes to the file."""


def launch(command: Sequence[str], environment: Mapping[str, str], log: BinaryIO) -> Process:
    """Starts it in a session of its own."""
    return subprocess.Popen(
        command, env=environment, stdout=log, stderr=log, start_new_session=True
    )


class WorkerProcess:
    """`inventory-worker run` on given servers; its log goes to a file."""

    def __init__(
        self,
        database_url: str,
        rabbitmq_url: str,
        log: Path,
        variables: Mapping[str, str],
        command: Sequence[str] = (sys.executable, "-m", "worker", "run"),
        launch: Launch = launch,
    ) -> None:
        self.port = free_port()
        self._log = log
        self._command = command
        self._launch = launch
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("WORKER_")},
            "DATABASE_URL": database_url,
            "RABBITMQ_URL": rabbitmq_url,
            "WORKER_HTTP_HOST": "127.0.0.1",
            "WORKER_HTTP_PORT": str(self.port),
            "WORKER_RETRY_DELAYS": "100ms,200ms,400ms",
            **variables,
        }
        self.process: Process | None = None

    def start(self) -> Self:
        """Start the worker, or start it again; its log is appended."""
        with self._log.open("ab") as log:
            self.process = self._launch(self._command, self._environment, log)
        return self

    def wait_ready(self) -> Self:
        """Wait until it consumes."""
        wait_until(lambda: self.status("/health/ready") == HTTPStatus.OK, self._explain)
        return self

    def terminate(self) -> int:
        """SIGTERM, as a container engine sends it; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """Send SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)

    def status(self, path: str) -> int | None:
        """The HTTP status of a path, None if there is no response."""
        try:
            with urllib.request.urlopen(self._url(path), timeout=5) as answer:  # noqa: S310 - http:// alone
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:  # it holds the socket
                return error.code
        except OSError:
            return None

    def problems(self) -> list[str]:
        """What keeps it from being ready."""
        return list(self.readiness()["problems"])

    def readiness(self) -> dict[str, Any]:
        """What it says of being ready."""
        try:
            with urllib.request.urlopen(self._url("/health/ready"), timeout=5) as answer:  # noqa: S310 - http:// alone
                return dict(json.load(answer))
        except urllib.error.HTTPError as unready:
            with unready:
                return dict(json.load(unready))

    def count_results(self) -> dict[str, int]:
        """Messages finished since the start: outcomes, and dead letters by code."""
        results: dict[str, int] = {}
        for sample in self._samples():
            end = _end_of(sample)
            if end is not None:
                results[end] = results.get(end, 0) + int(sample.value)
        return results

    def count_outcomes_by_type(self) -> dict[str, dict[str, int]]:
        """Outcomes since the start, by type."""
        outcomes: dict[str, dict[str, int]] = {}
        for sample in self._samples():
            if sample.name == MESSAGES and sample.labels["result"] in OUTCOMES:
                by_outcome = outcomes.setdefault(sample.labels["type"], {})
                by_outcome[sample.labels["result"]] = int(sample.value)
        return outcomes

    def wait_results(self, count: int) -> dict[str, int]:
        """Waits until this many messages are finished."""
        wait_until(lambda: sum(self.count_results().values()) >= count, self._explain)
        return self.count_results()

    def value(self, metric: str) -> float:
        """The value of a metric without labels."""
        return next(sample.value for sample in self._samples() if sample.name == metric)

    def count_wedges(self) -> dict[str, int]:
        """Subscriptions that it ended because it got nothing, by what RabbitMQ said."""
        wedges = [s for s in self._samples() if s.name == WEDGES]
        return {sample.labels["kind"]: int(sample.value) for sample in wedges}

    def standing(self, queue: str) -> int:
        """Messages of a queue that stand still at the broker."""
        standing = [s for s in self._samples() if s.name == STANDING]
        return next((int(s.value) for s in standing if s.labels["queue"] == queue), 0)

    def node(self) -> str | None:
        """The RabbitMQ node that it consumes from, None for none."""
        nodes = (sample.labels["node"] for sample in self._samples() if sample.name == NODE)
        return next(nodes, None)

    def in_flight(self) -> int:
        """Unsettled messages of the worker; 0 if it does not respond."""
        try:
            samples = list(self._samples())
        except OSError:
            return 0
        return next(int(s.value) for s in samples if s.name == IN_FLIGHT)

    @property
    def log(self) -> str:
        """Its log so far."""
        return self._log.read_text()

    def _samples(self) -> Iterator[Sample]:
        with urllib.request.urlopen(self._url("/metrics"), timeout=5) as answer:  # noqa: S310 - http:// alone
            text = answer.read().decode()
        for family in text_string_to_metric_families(text):
            yield from family.samples

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def _explain(self) -> str:
        exit_code = self.process.poll() if self.process else None
        return f"exit code {exit_code}, log:\n{self.log[-3000:]}"

    def __enter__(self) -> Self:
        return self.start().wait_ready()

    def __exit__(self, *_: object) -> None:
        self.end()

    def end_in_good_order(self) -> None:
        """Send SIGTERM if it is still running, once it is ready; fails unless it exits with 0."""
        if self.process is not None and self.process.poll() is None:
            self.wait_ready()  # the signal could arrive during its imports
            assert self.terminate() == 0, self._explain()

    def end(self) -> None:
        """Kills it if it is still running."""
        if self.process is not None and self.process.poll() is None:
            self.kill()


def _end_of(sample: Sample) -> str | None:
    if sample.name == MESSAGES and sample.labels["result"] in OUTCOMES:
        return sample.labels["result"]
    if sample.name == REPUBLISHED and sample.labels["queue"].endswith(".dead-letters"):
        return sample.labels["code"]
    return None


def wait_until(
    condition: Callable[[], bool],
    explain: Callable[[], str] = str,
    seconds: float = PATIENCE_SECONDS,
) -> None:
    """Returns when the condition holds; fails with an explanation on timeout."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"waited {seconds} s in vain; {explain()}")
        time.sleep(0.02)
