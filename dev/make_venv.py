"""Create the virtual environment with the locked packages: python3 -m dev.make_venv FOLDER.

It runs before anything is installed, so it imports only the standard library.
"""

import importlib.util
import sys
import venv
from pathlib import Path

from dev import apt
from dev.quietly import quietly

_LOCK = "requirements-dev.txt"


def main() -> None:
    """Recreate the environment, so that no package of an older lock remains."""
    folder = Path(sys.argv[1])
    _provide_ensurepip()
    print(f"Making {folder} with Python {sys.version.split()[0]} …", flush=True)
    venv.create(folder, clear=True, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
    print(f"Installing the packages of {_LOCK} …", flush=True)
    quietly([*pip, "--require-hashes", "-r", _LOCK])
    quietly([*pip, "--no-deps", "--no-build-isolation", "-e", "."])


def _provide_ensurepip() -> None:
    """Install ensurepip, which Debian packages separately from Python."""
    if importlib.util.find_spec("ensurepip") is not None:
        return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if not apt.works_unattended():
        sys.exit(f"Python cannot make virtual environments here: install {package}.")
    apt.install(package)


if __name__ == "__main__":
    main()
