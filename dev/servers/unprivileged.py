"""Runs PostgreSQL as `nobody` if we are root, since it refuses to run as root."""

import os
import pwd
import shutil
from pathlib import Path

from dev.servers.errors import ServersUnavailableError

_USER = "nobody"


def prefix() -> list[str]:
    """The prefix of a command; empty for an ordinary user.

    The one remaining capability lets `nobody` pass the folders above the checkout and the virtual
    environment, such as `/root`, without opening them for everyone. initdb calls access(2), which
    ignores the capability of users other than root without that secure bit.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ServersUnavailableError(
            "PostgreSQL does not run as root: run as another user, or install setpriv (util-linux)."
        )
    user = pwd.getpwnam(_USER)
    return [
        setpriv,
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        "--securebits=+no_setuid_fixup",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
    ]


def hand_over(folder: Path) -> None:
    """Make the user that runs the server the owner of the folder."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(_USER)
        os.chown(folder, user.pw_uid, user.pw_gid)
