"""A PostgreSQL that can be copied, promoted, frozen, and brought back as a standby."""

import shutil
import signal
from pathlib import Path

from dev.servers import unprivileged
from dev.servers.ports import LOOPBACK
from dev.servers.private_postgres import PrivatePostgres, run_program

_SETTINGS = {
    "wal_log_hints": "on",  # for pg_rewind
    "wal_keep_size": "256MB",
    "wal_receiver_timeout": "0",  # a standby that was cut off must not connect again
}


class PostgresServer(PrivatePostgres):
    """One of a pair; `name` is its `application_name` as a standby."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(folder / name, settings=_SETTINGS)
        self.name = name

    @property
    def port(self) -> int:
        return self._port

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def password(self) -> str:
        return self._password

    def conninfo_for(self, standby: str) -> str:
        """How a standby of that name connects to this server, in libpq's form."""
        return (
            f"host={LOOPBACK} port={self._port} user=postgres password={self._password}"
            f" dbname=postgres application_name={standby}"
        )

    def copy(self, primary: "PostgresServer") -> None:
        """Becomes a standby of a running primary; `start` it next."""
        self._folder.mkdir(parents=True, exist_ok=True)
        unprivileged.hand_over(self._folder)
        shutil.rmtree(self._data, ignore_errors=True)
        self._password = primary.password
        source = primary.conninfo_for(self.name)
        options = ("--write-recovery-conf", "--checkpoint=fast", "--no-sync")
        run_program("pg_basebackup", f"--pgdata={self._data}", f"--dbname={source}", *options)

    def follow(self, primary: "PostgresServer") -> None:
        """Comes back as a standby, without what only this server had committed."""
        source = primary.conninfo_for(self.name)
        options = ("--write-recovery-conf", "--no-sync")
        run_program(
            "pg_rewind", f"--target-pgdata={self._data}", f"--source-server={source}", *options
        )
        self.start()

    def kill(self) -> None:
        """As a machine that loses power: the children, too."""
        if self._process is not None:
            self._process.signal_family(signal.SIGKILL)
            super().kill()

    def freeze(self) -> None:
        if self._process is not None:
            self._process.signal_family(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._process is not None:
            self._process.signal_family(signal.SIGCONT)
