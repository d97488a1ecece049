"""Running other people's programs without their chatter."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence


def quietly(command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Run the command and show what it printed only if it fails, which ends us too."""
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
        sys.exit(f"{done.stdout}\n{command[0]} failed; what it said stands above.")
