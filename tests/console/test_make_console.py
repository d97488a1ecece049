"""`make console`: real servers, the events of the demo, a worker and the console."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from dev.servers import ServerSet
from dev.servers.management import ManagementApi
from dev.worker_process import PATIENCE_SECONDS, wait_until
from tests.conftest import ROOT
from tests.console.page import Page

ADDRESS = re.compile(r"console: (http://\S+)/\n")


def test_make_console_shows_the_dead_letters_of_the_demo(
    server_set: ServerSet, tmp_path: Path
) -> None:
    log = tmp_path / "console.log"
    environment = {
        **os.environ,
        "CONSOLE_PORT": "0",
        "TEST_DATABASE_URL": server_set.database_url,
        "TEST_RABBITMQ_URL": server_set.rabbitmq_url,
    }
    if isinstance(server_set.vhosts, ManagementApi):
        environment["TEST_RABBITMQ_MANAGEMENT_URL"] = server_set.vhosts.where
    command = [sys.executable, "-m", "dev.console_demo"]
    with log.open("wb") as output:
        run = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        wait_until(lambda: bool(ADDRESS.search(log.read_text())) or run.poll() is not None)
        told = ADDRESS.search(log.read_text())
        assert told is not None, log.read_text()
        page = Page(httpx.get(f"{told[1]}/", timeout=30))
    finally:
        run.send_signal(signal.SIGTERM)
        code = run.wait(PATIENCE_SECONDS)

    assert code == 128 + signal.SIGTERM
    codes = {row[1].split()[0] for row in page.rows[1:]}
    assert {"invalid-event", "message-id-reused"} <= codes
