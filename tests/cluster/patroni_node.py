"""One PostgreSQL with the Patroni that rules it."""

import json
import secrets
import signal
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import Any

from dev.servers import unprivileged
from dev.servers.ports import LOOPBACK, free_port
from dev.servers.private_postgres import programs_folder
from dev.servers.process import ServerProcess, end_recorded_processes
from tests.cluster.programs import find_or_skip

PASSWORD = secrets.token_hex(8)
TTL_SECONDS = 20
"""Patroni's least: a leader that has not been heard of for so long is replaced."""

_DCS = {
    "ttl": TTL_SECONDS,
    "loop_wait": 1,
    "retry_timeout": 3,
    "synchronous_mode": True,
    "postgresql": {"use_pg_rewind": True, "parameters": {"wal_log_hints": "on"}},
}
_HBA = [f"host {database} all {LOOPBACK}/32 scram-sha-256" for database in ("all", "replication")]


class PatroniNode:
    def __init__(self, folder: Path, name: str, etcd_port: int) -> None:
        self.name = name
        self._folder = folder / name
        self._etcd_port = etcd_port
        self.port, self.rest_port = free_port(), free_port()
        self._process: ServerProcess | None = None

    def start(self) -> None:
        """Begins to start; who becomes the leader is for etcd to say."""
        patroni = find_or_skip("patroni")
        self._folder.mkdir(parents=True, exist_ok=True)
        unprivileged.hand_over(self._folder)
        file = self._folder / "patroni.json"  # which is YAML, too
        file.write_text(json.dumps(self._configuration()))
        command = [*unprivileged.prefix(), patroni, str(file)]
        environment = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
        self._process = ServerProcess("patroni", command, folder=self._folder, env=environment)

    def kill(self) -> None:
        """As a machine that loses power: Patroni, PostgreSQL and its children."""
        if self._process is not None:
            self._process.signal_family(signal.SIGKILL)
        end_recorded_processes(self._folder, at_once=True)

    def answers(self, path: str) -> bool:
        """Whether Patroni's interface says yes: `/primary`, `/sync`, `/health`."""
        try:
            with urllib.request.urlopen(self._url(path), timeout=2) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except urllib.error.HTTPError as error:
            error.close()
            return False
        except OSError:
            return False

    def post(self, path: str, document: Any) -> None:
        request = urllib.request.Request(self._url(path), json.dumps(document).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()

    def last_words(self) -> str:
        return self._process.last_words() if self._process else ""

    def _url(self, path: str) -> str:
        return f"http://{LOOPBACK}:{self.rest_port}{path}"

    def _configuration(self) -> dict[str, Any]:
        rest, database = (f"{LOOPBACK}:{port}" for port in (self.rest_port, self.port))
        users = {"superuser": "postgres", "replication": "replicator", "rewind": "rewinder"}
        return {
            "scope": "drill",
            "name": self.name,
            "restapi": {"listen": rest, "connect_address": rest},
            "etcd3": {"host": f"{LOOPBACK}:{self._etcd_port}"},
            "bootstrap": {"dcs": _DCS, "initdb": [{"encoding": "UTF8"}, "no-locale"]},
            "postgresql": {
                "listen": database,
                "connect_address": database,
                "data_dir": str(self._folder / "data"),
                "bin_dir": str(programs_folder()),
                "pgpass": str(self._folder / "pgpass"),
                "pg_hba": _HBA,
                "parameters": {"unix_socket_directories": ""},
                "authentication": {
                    role: {"username": user, "password": PASSWORD} for role, user in users.items()
                },
            },
        }
