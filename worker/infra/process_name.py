"""Who runs this process, and where."""

import getpass
import os
import socket


def user_name() -> str:
    """The user, or the number of one without a name, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"


def process_name() -> str:
    """`host:pid`."""
    return f"{socket.gethostname()}:{os.getpid()}"
