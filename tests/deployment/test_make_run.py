import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from dev.servers import ServerSet
from dev.servers.management import ManagementApi
from dev.worker_process import PATIENCE_SECONDS, wait_until
from tests.conftest import ROOT

USUAL_PORT = 8080
RECIPE = re.compile(r"^run:.*\n((?:\t.*\n)+)", re.MULTILINE)


@pytest.fixture
def usual_port_taken() -> Iterator[None]:
    with socket.socket() as listener:
        with suppress(OSError):  # somebody else has it: just as well
            listener.bind(("127.0.0.1", USUAL_PORT))
            listener.listen()
        yield


@pytest.mark.usefixtures("usual_port_taken")
def test_make_run_takes_a_free_port_and_prints_where_the_worker_answers(
    server_set: ServerSet, tmp_path: Path
) -> None:
    recipe = RECIPE.search((ROOT / "Makefile").read_text())
    assert recipe is not None
    log = tmp_path / "worker.log"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("WORKER_")},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "TEST_DATABASE_URL": server_set.database_url,
        "TEST_RABBITMQ_URL": server_set.rabbitmq_url,
    }
    if isinstance(server_set.vhosts, ManagementApi):
        environment["TEST_RABBITMQ_MANAGEMENT_URL"] = server_set.vhosts.where
    with log.open("wb") as output:
        command = ["sh", "-c", f"exec {recipe[1].strip().removeprefix('@')}"]
        run = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        wait_until(lambda: "consuming" in log.read_text() or run.poll() is not None)
        live = re.search(r"http://127\.0\.0\.1:\d+/health/", log.read_text())
        assert live is not None
        with urllib.request.urlopen(f"{live[0]}live", timeout=5) as answer:
            assert answer.status == 200
    finally:
        run.send_signal(signal.SIGTERM)
        code = run.wait(PATIENCE_SECONDS)
    assert code == 0
