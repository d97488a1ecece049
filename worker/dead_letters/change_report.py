from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeadAgain:
    """A replayed message that came back: its handle, and the error code."""

    id: str
    code: str


@dataclass(frozen=True, slots=True)
class CanaryResult:
    """How the first messages of a replay ended; `no_outcome` are handles."""

    good: int
    dead_again: Sequence[DeadAgain]
    no_outcome: Sequence[str]

    @property
    def failure(self) -> str:
        """Why the rest must not follow, empty if it may."""
        if self.dead_again:
            first, count = self.dead_again[0], len(self.dead_again)
            total = self.good + count + len(self.no_outcome)
            return (
                f"the canary failed: {count} of {total} are dead again, "
                f"{first.id} with {first.code}"
            )
        if self.no_outcome:
            return (
                f"the canary came to no end: nobody has handled {self.no_outcome[0]} yet; "
                "is a worker running?"
            )
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeReport:
    """How far a change came.

    `done` of `selected` dead letters; `verb` is what was done, as in "replayed". `why_stopped` is
    empty if it came to its end. `canary` is None without one, `edited` and `not_in_queue` are None
    unless it was an import.
    """

    audit_id: int
    verb: str
    selected: int
    done: int
    why_stopped: str = ""
    canary: CanaryResult | None = None
    edited: int | None = None
    not_in_queue: int | None = None

    @property
    def summary(self) -> str:
        """One line for a person: what is done, and what is not."""
        aside = ""
        if self.edited is not None:
            aside = f", {self.edited} edited, {self.not_in_queue} no longer in the queue"
        rest = self.selected - self.done
        left = f"; {rest} are untouched" if rest else ""
        told = f"{self.verb} {self.done} of {self.selected} dead letters{aside}{left}"
        return f"{told} (audit {self.audit_id})"
