"""The Dockerfile is built by buildah and its image run, read-only, without a container engine."""

import json
import os
import random
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dev.servers import Servers
from dev.worker_process import PATIENCE_SECONDS, WorkerProcess, wait_until
from tests.deployment.files import ROOT, tool
from tests.support.broker import MAIN, Broker
from tests.support.catalog import read_cars
from tests.support.histories import fold, random_history
from worker import __version__
from worker.infra.db.engine import Sessions

pytestmark = [pytest.mark.needs_tools, pytest.mark.slow]

BASE = "python:3.13-slim"
IMAGE = "localhost/inventory-worker:tests"


def buildah(*arguments: str) -> str:
    done = run_buildah(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def run_buildah(*arguments: str) -> subprocess.CompletedProcess[str]:
    """With what works everywhere: no storage driver of the kernel's, no namespaces to build in."""
    environment = {**os.environ, "STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
    return subprocess.run(
        [tool("buildah"), *arguments], env=environment, capture_output=True, text=True, check=False
    )


def build(*arguments: str) -> subprocess.CompletedProcess[str]:
    options = ("--format", "docker", "--pull-never", "--layers", "--force-rm", *arguments)
    return run_buildah("build", *options, str(ROOT))


@dataclass(frozen=True, slots=True)
class Image:
    """The image as it was built, and its files."""

    config: dict[str, Any]
    root: Path

    @property
    def variables(self) -> dict[str, str]:
        """Those of the image; engines take the home folder from its /etc/passwd."""
        variables = dict(variable.split("=", 1) for variable in self.config["Env"])
        return {"HOME": "/app", **variables}

    def command(self, *arguments: str) -> list[str]:
        """The entry point with these arguments, in a container of its own."""
        launcher = str(Path(__file__).with_name("in_container.sh"))
        where = (str(self.root), self.config["User"], self.config["WorkingDir"])
        return [launcher, *where, *self.config["Entrypoint"], *arguments]

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env={**self.variables, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture(scope="session")
def image() -> Iterator[Image]:
    if os.geteuid() != 0:
        pytest.skip("only root can run an image without a container engine")
    if run_buildah("inspect", "--type", "image", BASE).returncode != 0:
        pytest.skip(f"buildah has no {BASE}: pull it, or make a stand-in of that name")
    built = build("--tag", IMAGE)
    assert built.returncode == 0, built.stdout + built.stderr
    container = buildah("from", "--pull-never", IMAGE)
    try:
        described = json.loads(buildah("inspect", "--type", "image", IMAGE))
        yield Image(described["Docker"]["config"], Path(buildah("mount", container)))
    finally:
        buildah("rm", container)


@pytest.fixture
def contained_worker(image: Image, empty: Servers, tmp_path: Path) -> Iterator[WorkerProcess]:
    """`run` in a container, ready."""
    worker = WorkerProcess(
        empty.database_url,
        empty.rabbitmq_url,
        tmp_path / "worker.log",
        image.variables,
        image.command("run"),
    )
    try:
        yield worker.start().wait_ready()
    finally:
        end(worker)


def find_process_one(worker: WorkerProcess) -> int | None:
    """The process that a container engine would signal; None while the launcher is at it."""
    assert worker.process is not None
    outside = worker.process.pid
    inside = Path(f"/proc/{outside}/task/{outside}/children").read_text()
    return int(inside) if inside else None


def signal_process_one(worker: WorkerProcess, number: signal.Signals) -> int:
    """Sends what an engine would send, to whom; returns the exit code."""
    inside = find_process_one(worker)
    assert worker.process is not None
    assert inside is not None
    os.kill(inside, number)
    return worker.process.wait(PATIENCE_SECONDS)


def end(worker: WorkerProcess) -> None:
    """Kills what still runs: the launcher alone would leave its child behind."""
    if worker.process is not None and worker.process.poll() is None:
        signal_process_one(worker, signal.SIGKILL)


def test_the_image_says_what_it_is(image: Image) -> None:
    labels = image.config["Labels"]
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.title"] == "inventory-worker"
    assert image.run("--version").stdout == f"inventory-worker {__version__}\n"


@pytest.mark.usefixtures("image")
def test_a_version_that_is_not_the_packages_stops_the_build() -> None:
    lying = build("--build-arg", "VERSION=9.9.9", "--target", "build")
    assert lying.returncode != 0
    assert "worker.__version__" in lying.stdout + lying.stderr


def test_no_compiler_no_cache_and_no_installer_is_left(image: Image) -> None:
    assert not list((image.root / "opt/venv").rglob("pip"))
    assert not [name for name in ("cc", "gcc", "make") if (image.root / "usr/bin" / name).exists()]
    assert not list((image.root / "root").glob(".cache"))
    assert not (image.root / "build").exists()


def test_nothing_but_the_release_is_in_the_image(image: Image) -> None:
    names = {path.name for path in (image.root / "app").iterdir()} - {"__pycache__"}
    assert names == {"LICENSE", "alembic", "alembic.ini", "contract", "healthcheck.py", "worker"}


def test_its_user_owns_nothing(image: Image) -> None:
    uid = int(image.config["User"].split(":")[0])
    files = [path for name in ("app", "opt") for path in (image.root / name).rglob("*")]
    assert files
    assert not [path for path in files if path.lstat().st_uid == uid]


def test_python_has_nothing_to_compile_at_the_start(image: Image) -> None:
    sources = list((image.root / "app" / "worker").rglob("*.py"))
    cached = [
        source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc" for source in sources
    ]
    assert sources
    assert all(path.exists() for path in cached)


def test_the_migration_runs_in_its_container(image: Image, servers: Servers) -> None:
    migrated = image.run("migrate", DATABASE_URL=servers.database_url)
    assert migrated.returncode == 0, migrated.stderr
    assert migrated.stdout.startswith("the schema public of database ")


async def test_a_worker_in_its_container_drains_a_queue_and_ends_with_0(
    contained_worker: WorkerProcess, broker: Broker, sessions: Sessions
) -> None:
    history = random_history(random.Random(9), cars=50, events=1000, prefix="contained-")
    creations_first = sorted(history, key=lambda event: event.type)

    published = await broker.publish(creations_first)
    results = contained_worker.wait_results(published)
    exit_code = signal_process_one(contained_worker, signal.SIGTERM)

    assert exit_code == 0, contained_worker.log
    assert results.keys() <= {"applied", "stale", "unchanged"}
    assert await broker.count(MAIN) == 0
    assert await read_cars(sessions) == fold(history)


def test_a_worker_in_its_container_is_healthy(
    contained_worker: WorkerProcess, image: Image
) -> None:
    kind, *check = image.config["Healthcheck"]["Test"]
    entry = len(image.config["Entrypoint"])
    checked = subprocess.run(
        [*image.command()[:-entry], *check],
        env={**image.variables, "WORKER_HTTP_PORT": str(contained_worker.port)},
        check=False,
    )
    assert kind == "CMD"
    assert checked.returncode == 0


def test_a_secret_is_read_from_its_file(image: Image, servers: Servers) -> None:
    """The folder of the container's user stands in for /run/secrets, which engines mount."""
    secret = image.root / "app" / "database-url"
    secret.write_text(servers.database_url + "\n")
    try:
        read = image.run("migrate", DATABASE_URL_FILE="/app/database-url")
    finally:
        secret.unlink()
    missing = image.run("migrate", DATABASE_URL_FILE="/app/database-url")
    assert (read.returncode, missing.returncode) == (0, 2), read.stderr
    assert "DATABASE_URL_FILE: cannot read /app/database-url" in missing.stderr


def test_a_sigterm_while_python_still_imports_is_not_lost(
    image: Image, empty: Servers, tmp_path: Path
) -> None:
    """Process 1 ignores a signal that it has no handler for: it would start, and be killed."""
    url, log = empty.database_url, tmp_path / "worker.log"
    worker = WorkerProcess(url, empty.rabbitmq_url, log, image.variables, image.command("run"))
    worker.start()
    try:
        wait_until(lambda: catches_sigterm(worker))
        started = worker.log
        exit_code = signal_process_one(worker, signal.SIGTERM)
    finally:
        end(worker)
    assert started == ""
    assert exit_code == 128 + signal.SIGTERM


def catches_sigterm(worker: WorkerProcess) -> bool:
    inside = find_process_one(worker)
    if inside is None:
        return False
    status = Path(f"/proc/{inside}/status").read_text()
    caught = int(status.partition("SigCgt:")[2].split()[0], 16)
    return bool(caught & 1 << (signal.SIGTERM - 1)) and "Name:\tpython" in status
