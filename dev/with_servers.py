"""Run a command with DATABASE_URL and RABBITMQ_URL set to a fresh database and a fresh vhost.

python -m dev.with_servers [--database-only] [--show-urls] -- COMMAND ARGUMENTS…
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

from dev.servers import (
    ServersUnavailableError,
    fresh_database,
    run_folder,
    start_database,
    start_servers,
)
from dev.servers.ports import LOOPBACK, free_port
from dev.servers.process import record
from dev.servers.signals import Terminated

_NAME_PREFIX = "inventory"
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Return the command's exit code, or that of the signal that ended it."""
    options = _parse_arguments()
    try:
        with _database() if options.database_only else _both() as servers:
            worker = _worker_address() if options.show_urls else {}
            if options.show_urls:
                _show(servers, worker)
            return _run(options.command, {**servers, **worker})
    except ServersUnavailableError as error:
        print(error, file=sys.stderr)
        return 1
    except Terminated as request:
        return request.exit_code
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m dev.with_servers", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "--database-only", action="store_true", help="start PostgreSQL only, set DATABASE_URL only"
    )
    parser.add_argument(
        "--show-urls",
        action="store_true",
        help="print the URLs for another terminal; the worker's is a free port on loopback",
    )
    parser.add_argument("command", nargs="+", metavar="COMMAND")
    return parser.parse_args()


@contextmanager
def _both() -> Iterator[Mapping[str, str]]:
    with start_servers() as servers, servers.fresh(_NAME_PREFIX) as fresh:
        yield {"DATABASE_URL": fresh.database_url, "RABBITMQ_URL": fresh.rabbitmq_url}


@contextmanager
def _database() -> Iterator[Mapping[str, str]]:
    with start_database() as admin_url, fresh_database(admin_url, _NAME_PREFIX) as database_url:
        yield {"DATABASE_URL": database_url}


def _worker_address() -> Mapping[str, str]:
    """The worker's HTTP settings: a free port, unless the caller has set one."""
    port = os.environ.get("WORKER_HTTP_PORT") or str(free_port())
    return {"WORKER_HTTP_HOST": LOOPBACK, "WORKER_HTTP_PORT": port}


def _show(servers: Mapping[str, str], worker: Mapping[str, str]) -> None:
    for name, value in servers.items():
        print(f"export {name}='{value}'")
    url = "http://{WORKER_HTTP_HOST}:{WORKER_HTTP_PORT}".format_map(worker)
    print(f"# the worker answers at {url}/health/ready and {url}/metrics", flush=True)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command in a separate session and forward signals, so that each arrives once.

    In the same session Ctrl-C would reach it twice: from the terminal and from this process.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "RABBITMQ_URL"}
    }
    try:
        child = subprocess.Popen(command, env={**inherited, **environment}, start_new_session=True)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    with run_folder() as folder, _forwarding_to(child):
        record(child, folder / "command.pid")
        code = child.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def _forwarding_to(child: subprocess.Popen[bytes]) -> Iterator[None]:
    def forward(number: int, _frame: FrameType | None) -> None:
        os.killpg(child.pid, number)

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
