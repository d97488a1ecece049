"""Running PostgreSQL as root, which it refuses: it runs as `nobody` then."""

import os
import pwd
import shutil
from pathlib import Path

from dev.servers.errors import ServersUnavailableError

_USER = "nobody"


def prefix() -> list[str]:
    """Return what to put before a command: nothing for an ordinary user.

    The one capability that is kept lets `nobody` pass the folders above the checkout and the
    virtual environment, such as `/root`. The other way would be to open them for everyone. initdb
    asks access(2), which overlooks the capability of all but root without that secure bit.
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
    """Give the folder to the user that the server will run as."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(_USER)
        os.chown(folder, user.pw_uid, user.pw_gid)
