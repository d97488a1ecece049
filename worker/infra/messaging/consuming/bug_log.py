import time
from collections.abc import Callable

import structlog

from worker.application.outcomes import Failure
from worker.infra.repeat_limited_log import RepeatLimitedLog

BUG_REPEAT_SECONDS = 60.0

_log = structlog.get_logger(__name__)


class BugLog:
    """Logs where our own code failed, at most once a minute per place."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._places = RepeatLimitedLog(_log, clock, BUG_REPEAT_SECONDS)

    def note(self, failure: Failure) -> None:
        """Logs the trace of a failure that has one."""
        if failure.trace:
            self._places.warn("a bug in the worker", " > ".join(failure.trace))
