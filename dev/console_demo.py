"""`make console`: the events of `make demo`, the worker that took them, and the console."""

import subprocess
import sys

from dev.demo import ROOT, environment_of, on_servers, publishing_worker
from dev.servers import Servers
from dev.servers.signals import Terminated


def main() -> int:
    """Return 0 after Ctrl-C."""
    return on_servers("console", _serve)


def _serve(servers: Servers) -> int:
    """The worker goes on, so that replays are taken."""
    with publishing_worker(servers):
        command = [sys.executable, "-m", "worker", "console"]
        console = subprocess.Popen(command, cwd=ROOT, env=environment_of(servers))
        try:
            return console.wait()
        except Terminated:
            console.terminate()
            console.wait()
            raise
        except KeyboardInterrupt:  # which the console had as well
            return console.wait()


if __name__ == "__main__":
    sys.exit(main())
