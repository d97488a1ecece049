import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime


def utc_now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


class Clocks:
    """How far the worker's clock is from PostgreSQL's, at any time.

    The difference is measured now and then. In between, PostgreSQL's clock is taken to run like
    the monotonic one, so a clock of the worker that is set to another time is noticed at once.
    """

    def __init__(
        self,
        apart: float,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._apart = apart
        self._monotonic = monotonic
        self._theirs: tuple[float, float] | None = None
        self._said: tuple[float, str] = (0.0, "")

    async def measure(self, read_theirs: Callable[[], Awaitable[datetime]]) -> None:
        """Compares the clocks; PostgreSQL read its own between the question and the answer."""
        asked = self._monotonic()
        theirs = (await read_theirs()).timestamp()
        self._theirs = (theirs - self._monotonic(), theirs - asked)

    @property
    def skew(self) -> float:
        """Seconds that the worker's clock is ahead of PostgreSQL's, negative if it is behind.

        The smallest difference that explains the measurement: a slow answer is no difference.
        0 before the first measurement.
        """
        if self._theirs is None:
            return 0.0
        ours = self._clock() - self._monotonic()
        earliest, latest = self._theirs
        if ours > latest:
            return ours - latest
        return ours - earliest if ours < earliest else 0.0

    def problem(self) -> str | None:
        """That the clocks are too far apart; the same words while the difference stays the same."""
        skew = self.skew
        if abs(skew) <= self._apart:
            return None
        said_skew, said = self._said
        if abs(skew - said_skew) > 1:
            said = _describe(self._clock(), skew)
            self._said = (skew, said)
        return said


def _describe(ours: float, skew: float) -> str:
    where = "ahead of" if skew > 0 else "behind"
    return (
        f"the worker's clock is {abs(skew):.0f} s {where} PostgreSQL's ({_instant(ours)} against "
        f"{_instant(ours - skew)}): no message is handled until they agree, have both follow NTP"
    )


def _instant(unix_time: float) -> str:
    return datetime.fromtimestamp(unix_time, UTC).isoformat(sep=" ", timespec="seconds")
