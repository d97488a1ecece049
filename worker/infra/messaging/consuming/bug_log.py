import time
from collections.abc import Callable

import structlog

from worker.application.outcomes import Failure
from worker.infra.durations import Durations
from worker.infra.repeat_limited_log import RepeatLimitedLog

_log = structlog.get_logger(__name__)


class BugLog:
    """Logs where our own code failed, at most once a minute per place."""

    def __init__(self, durations: Durations, clock: Callable[[], float] = time.monotonic) -> None:
        self._places = RepeatLimitedLog(_log, durations.bug_log_repeat, clock)

    def note(self, failure: Failure) -> None:
        """Logs the trace of a failure that has one."""
        if failure.trace:
            self._places.warn("a bug in the worker", " > ".join(failure.trace))
