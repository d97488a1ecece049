"""Compiles peer (d), `c_batch.c`, with the statements of the other peers."""

import json
import shutil
import subprocess
from pathlib import Path

from benchmarks.peers.statements import CHANGE_MANY, CREATE_MANY, RECORD_MANY
from dev import apt

_SOURCE = Path(__file__).with_suffix(".c")
_STATEMENTS = {
    "RECORD_MANY": RECORD_MANY,
    "CREATE_MANY": CREATE_MANY,
    "CHANGE_MANY": CHANGE_MANY,
}
_PACKAGES = ("gcc", "libc6-dev", "librabbitmq-dev", "libpq-dev")


def compile_peer(program: Path) -> bool:
    """Writes the program; False, after a line that says so, where it cannot be compiled."""
    if _compiles(program):
        return True
    if apt.works_unattended():
        for package in _PACKAGES:
            apt.install(package)
        if _compiles(program):
            return True
    print(f"The peer in C is left out: it needs {', '.join(_PACKAGES)}, or what they are here.")
    return False


def _compiles(program: Path) -> bool:
    compiler, libpq = shutil.which("gcc"), shutil.which("pg_config")
    if compiler is None or libpq is None:
        return False
    asked = subprocess.run([libpq, "--includedir"], capture_output=True, text=True, check=True)
    headers = asked.stdout.strip()
    # A string in JSON is one in C, too: the statements are ASCII.
    statements = [f"-D{name}={json.dumps(sql)}" for name, sql in _STATEMENTS.items()]
    command = [compiler, "-O2", "-Wall", "-Wextra", f"-I{headers}", *statements, str(_SOURCE)]
    linked = [*command, "-o", str(program), "-lrabbitmq", "-lpq"]
    return subprocess.run(linked, capture_output=True, check=False).returncode == 0
