from pathlib import Path

import pytest

from dev.servers import run_folder
from dev.servers.process import children_of, end_recorded_processes
from tests.cluster.postgresql_server import PostgresServer

pytestmark = pytest.mark.slow


def test_a_frozen_server_that_a_killed_run_left_is_ended_with_its_children() -> None:
    with run_folder() as folder:
        server = PostgresServer(folder, "a")
        server.start()
        children = children_of(server.pid)
        server.freeze()

        end_recorded_processes(folder)

        assert children
        assert not any(is_alive(pid) for pid in [server.pid, *children])


def is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in "ZX"
