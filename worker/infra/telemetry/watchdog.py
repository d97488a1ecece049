"""Ends a process that only a restart can fix, in case no orchestrator probes it."""

import faulthandler
import os
import sys
import threading
from collections.abc import Callable
from typing import Self

import structlog

from worker.infra.durations import Durations

WEDGED = 70  # EX_SOFTWARE of sysexits.h

_log = structlog.get_logger(__name__)


class Watchdog:
    """Checks at every tick, in its own thread, whether the process is stuck.

    It counts its own ticks instead of reading a clock, so that the time for which a process was
    frozen does not count.
    """

    def __init__(
        self,
        tick: Callable[[], None],
        problems: Callable[[], list[str]],
        durations: Durations,
    ) -> None:
        self._tick = tick
        self._problems = problems
        self._durations = durations
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        wedged_ticks = 0
        while not self._done.wait(self._durations.tick):
            self._tick()
            wedged_ticks = wedged_ticks + 1 if self._problems() else 0
            if wedged_ticks * self._durations.tick > self._durations.watchdog_grace:
                self._end_process()

    def _end_process(self) -> None:
        """Logs the reason, with a time limit: the process may be stuck on a full stderr pipe."""
        last_words = threading.Thread(target=self._explain, daemon=True)
        last_words.start()
        last_words.join(self._durations.last_words)
        os._exit(WEDGED)

    def _explain(self) -> None:
        _log.critical("stuck: exiting so that the process is restarted", problems=self._problems())
        faulthandler.dump_traceback(sys.stderr)
