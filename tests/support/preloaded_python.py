"""A Python that has imported the worker, and forks itself for each command.

Importing takes a second of CPU, and the tests start hundreds of commands. A forked command is a
process with its own session, environment, folder, descriptors and exit code, like any other.
`python -m tests.support.preloaded_python 3` takes commands from the listening socket 3 until its
standard input closes.
"""

import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import time
from typing import Any

import worker

LONGEST_REQUEST = 1 << 20
STANDARD_STREAMS = 3


def main() -> None:
    """Runs a module in each forked process; the first process returns when nobody asks any more."""
    for module in pkgutil.walk_packages(worker.__path__, "worker."):
        if module.name != "worker.__main__":
            importlib.import_module(module.name)
    gc.freeze()  # collecting would write to, and so copy, all pages that the forks share
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        command = _next_command(listener)
    if command is not None:
        sys.argv = command
        runpy.run_module(command[0], run_name="__main__", alter_sys=True)


def _next_command(listener: socket.socket) -> list[str] | None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # reaps what tells the exit codes
    while True:
        readable, _, _ = select.select([listener, sys.stdin], [], [])
        if listener not in readable:
            return None
        asking, _ = listener.accept()
        with asking:
            if os.fork() == 0:
                return _fork_and_tell(asking)


def _fork_and_tell(asking: socket.socket) -> list[str]:
    """Returns in the process of the command alone; the one between tells its id and its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, streams, _, _ = socket.recv_fds(asking, LONGEST_REQUEST, STANDARD_STREAMS)
    pid = os.fork()
    if pid == 0:
        return _become(json.loads(message), streams)
    for stream in streams:
        os.close(stream)
    asking.send(str(pid).encode())
    _, status = os.waitpid(pid, 0)
    asking.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(request: dict[str, Any], streams: list[int]) -> list[str]:
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    return list(request["command"])


if __name__ == "__main__":
    main()
