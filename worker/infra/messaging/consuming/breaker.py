"""A circuit breaker: tells a fault that fails every message from a message that fails alone."""

from collections.abc import Mapping, Sequence

from worker.application.outcomes import Failure, Outcome, Result
from worker.domain.error_code import ErrorCode
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.consuming.suspects import trial_key
from worker.infra.messaging.history import History
from worker.infra.messaging.names import WORKER_EXCHANGE

HANDFUL = 5
"""Fewer messages prove nothing."""

WINDOW = 10
"""Number of recent messages that are judged together if they come in small batches."""


class Breaker:
    """Open while most messages fail with `unexpected-error`: then they are not at fault.

    It opens when more than half of a batch, or of the last few different messages, failed. It
    closes when a message that failed succeeds, or once as many different messages have succeeded
    as failed: those that failed are then at fault themselves, and count no more.

    Errors of publishers and duplicates prove nothing. Nor does a retry or replay that fails: its
    first attempt was judged, and the retries of a few bad messages come together.
    """

    def __init__(self) -> None:
        self.is_open = False
        self._has_failed: dict[bytes, bool] = {}
        """By message, oldest first: while open all since it opened, otherwise the last few."""
        self._at_fault: frozenset[bytes] = frozenset()

    def judge(self, results: Sequence[tuple[Received, Result]]) -> None:
        """Opens or closes, by the results of a batch."""
        if self.is_open:
            self._reconsider(self._proofs(results))
        elif any(is_ours(result) for _, result in results):
            self._consider(self._proofs(results))
        else:
            self._consider(self._proofs(results[-WINDOW:]))  # saves the keys of a good batch

    def _consider(self, has_failed: dict[bytes, bool]) -> None:
        if len(has_failed) < HANDFUL:
            has_failed = dict([*(self._has_failed | has_failed).items()][-WINDOW:])
        if len(has_failed) >= HANDFUL and sum(has_failed.values()) * 2 > len(has_failed):
            self.is_open = True
            self._has_failed = has_failed
        else:
            self._has_failed = dict([*has_failed.items()][-WINDOW:])

    def _reconsider(self, has_failed: Mapping[bytes, bool]) -> None:
        mended = any(self._has_failed.get(key) and not failed for key, failed in has_failed.items())
        self._has_failed |= has_failed
        failed = frozenset(key for key, failed in self._has_failed.items() if failed)
        if mended or len(failed) * 2 <= len(self._has_failed):
            self.is_open = False
            self._has_failed = {}
            self._at_fault = frozenset() if mended else failed

    def _proofs(self, results: Sequence[tuple[Received, Result]]) -> dict[bytes, bool]:
        """Whether each message failed, without those that prove nothing."""
        return {
            key: is_ours(result)
            for received, result in results
            if _proves(received, result)
            and (key := trial_key(received.delivery.message)) not in self._at_fault
        }


def is_ours(result: Result) -> bool:
    """Whether a bug of ours, or a refusal of PostgreSQL, failed a message."""
    return isinstance(result, Failure) and result.code is ErrorCode.UNEXPECTED_ERROR


def _proves(received: Received, result: Result) -> bool:
    if not is_ours(result):
        return isinstance(result, Outcome) and result is not Outcome.DUPLICATE
    history = History.of(received.delivery.message, WORKER_EXCHANGE)
    return not history.attempts and not history.replays
