"""The image's HEALTHCHECK: exit code 0 where the worker of this container lives, else 1.

The reason goes to stderr, where `docker inspect` shows it. It reads the two variables that the
worker itself reads, and goes around any HTTP_PROXY of the environment.
"""
# ruff: noqa: INP001 - a script of the image, not a package

import os
import sys
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

ANSWER_SECONDS = 4
"""Below the --timeout of HEALTHCHECK, so that the reason is told before Docker kills us."""

EVERY_INTERFACE = {"", "0.0.0.0", "::"}  # noqa: S104 - the names of it, nothing is bound here


def health_url() -> str:
    """Where the worker of this container answers."""
    host = os.environ.get("WORKER_HTTP_HOST", "")
    port = os.environ.get("WORKER_HTTP_PORT", "8080")
    if host in EVERY_INTERFACE:
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/health/live"


def main() -> None:
    """Exits with the reason, where there is one."""
    try:
        with build_opener(ProxyHandler({})).open(health_url(), timeout=ANSWER_SECONDS):
            pass
    except HTTPError as refused:
        with refused:
            sys.exit(refused.read().decode())
    except (OSError, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
