"""Make sure that the console's tests find a browser, where one can be installed unattended."""

from dev import apt
from dev.chromium import PROGRAM


def main() -> None:
    """Install chromium if there is none; say so where that does not work."""
    if PROGRAM is not None:
        return
    if apt.works_unattended():
        apt.install("chromium")
    else:
        print("chromium is not there: its tests are skipped; apt-get install chromium, as root")


if __name__ == "__main__":
    main()
