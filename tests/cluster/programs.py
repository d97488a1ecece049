"""Programs of clusters that Python and PostgreSQL do not bring."""

import os
import shutil

import pytest

_FOLDERS = ("/usr/sbin", "/usr/bin")


def find_or_skip(name: str) -> str:
    """Finds a program; `TEST_CLUSTER_PROGRAMS` names a folder that comes first."""
    first = os.environ.get("TEST_CLUSTER_PROGRAMS", "")
    path = os.pathsep.join((first, os.environ.get("PATH", os.defpath), *_FOLDERS))
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install patroni etcd-server haproxy")
    return found
