"""Runs programs without showing their output."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence


def quietly(command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Run the command; if it fails, show its output and exit."""
    done = subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\n{command[0]} failed; its output is above.")
