"""The image's HEALTHCHECK: exit code 0 where the worker of this container lives, else 1.

The reason goes to stderr, where `docker inspect` shows it. It reads the two variables that the
worker itself reads, and goes around any HTTP_PROXY of the environment.
"""
# ruff: noqa: INP001 - a script of the image, not a package

import os
import sys
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

ANSWER_SECONDS = 4
"""Below the --timeout of HEALTHCHECK, so that the reason is told before Docker kills us."""

EVERY_INTERFACE = {"", "0.0.0.0", "::"}  # noqa: S104 - the names of it, nothing is bound here


def health_url() -> str:
    """Where the worker of this container answers."""
    host, port = _bare("WORKER_HTTP_HOST"), _bare("WORKER_HTTP_PORT") or "8080"
    if host in EVERY_INTERFACE:
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/health/live"


def _bare(name: str) -> str:
    """A variable as the worker reads it; the check imports no package, so that it starts fast."""
    value = os.environ.get(name, "").strip()
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1].strip() if is_quoted else value


def main() -> None:
    """Exits with the reason, where there is one."""
    try:
        with build_opener(ProxyHandler({})).open(health_url(), timeout=ANSWER_SECONDS):
            pass
    except HTTPError as refused:
        with refused:
            sys.exit(refused.read().decode())
    except (OSError, ValueError, HTTPException) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
