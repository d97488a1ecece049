"""PgBouncer in transaction mode, with the lines of docs/security.md."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dev.servers import run_folder, unprivileged
from dev.servers.ports import LOOPBACK, accepts_connections, free_port
from dev.servers.process import ServerProcess
from tests.security.rights import block_of_page

SERVER_CONNECTIONS = 2
"""Fewer than one worker's pool, so that transactions of many clients share each of them."""

_FIRST_GOOD_VERSION = (1, 21)
_START_SECONDS = 30


def find_pgbouncer() -> str | None:
    """The program, None where there is none or one too old to keep prepared statements."""
    program = shutil.which("pgbouncer")
    if program is None:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    major, minor = said.stdout.split()[1].split(".")[:2]
    return program if (int(major), int(minor)) >= _FIRST_GOOD_VERSION else None


@contextmanager
def pgbouncer_before(program: str, database_url: str) -> Iterator[str]:
    """The same database, through a PgBouncer that lets the URL's user in."""
    url, port = urlsplit(database_url), free_port()
    with run_folder() as folder:
        (folder / "users").write_text(f'"{url.username}" "{unquote(url.password or "")}"\n')
        (folder / "ini").write_text(_configuration(folder, url.port or 5432, port))
        unprivileged.hand_over(folder)
        command = [*unprivileged.prefix(), program, str(folder / "ini")]
        process = ServerProcess("pgbouncer", command, folder=folder, env={"LC_ALL": "C"})
        try:
            process.wait_until(lambda: accepts_connections(port), timeout=_START_SECONDS)
            user = url.netloc.rpartition("@")[0]
            yield url._replace(netloc=f"{user}@{LOOPBACK}:{port}").geturl()
        finally:
            process.end(signal.SIGTERM)


def _configuration(folder: Path, postgres_port: int, port: int) -> str:
    return f"""[databases]
* = host={LOOPBACK} port={postgres_port}

[pgbouncer]
listen_addr = {LOOPBACK}
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder / "users"}
default_pool_size = {SERVER_CONNECTIONS}
{block_of_page("ini", containing="pool_mode")}"""
