"""The image's HEALTHCHECK: does the worker in this container say that it lives?

Exit code 0 or 1, with the reason on stdout, where `docker inspect` shows it. It reads the two
variables that the worker itself reads, and goes around any HTTP_PROXY of the environment.
"""

import os
import sys
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


def main() -> int:
    """0 where it lives, 1 where it does not or does not answer."""
    try:
        with build_opener(ProxyHandler({})).open(health_url(), timeout=ANSWER_SECONDS) as answer:
            print(answer.read().decode())
    except (OSError, ValueError) as error:  # HTTPError is an OSError too
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
