"""Installs system packages where that works unattended: as root on Debian or Ubuntu."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.quietly import quietly

_POLICY = Path("/usr/sbin/policy-rc.d")
_SYSTEMD = Path("/run/systemd/system")


def works_unattended() -> bool:
    """Whether `install` works on this machine."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(package: str, *, service: str | None = None) -> None:
    """Install the package without starting its service, and print a line about it."""
    print(f"Installing {package} with apt-get …", flush=True)
    unattended = {"DEBIAN_FRONTEND": "noninteractive"}
    with _no_service_starts():
        quietly(["apt-get", "update", "-qq"], unattended)
        quietly(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package], unattended)
    if service is not None and _SYSTEMD.exists():
        quietly(["systemctl", "disable", "--now", service])


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """Keep packages from starting their services, unless this machine has its own policy."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()
