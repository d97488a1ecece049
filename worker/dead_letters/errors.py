"""Why an operation on dead letters was refused, or failed."""

from collections.abc import Sequence
from datetime import datetime

from worker.dead_letters.change_report import ChangeReport
from worker.infra.messaging.dead_letters.errors import DeadLettersError, InvalidSelectionError
from worker.infra.one_line import listed

MOST_NAMES = 20
"""So many known names are told: publishers may invent any number of types."""


class UnknownNameError(InvalidSelectionError):
    """No dead letter can have this code, or has this type; `filter` says which of them it is."""

    def __init__(self, filter_: str, given: str, known: Sequence[str]) -> None:
        self.filter = filter_
        self.problem = f"{given!r} does not exist: known are {listed(known, MOST_NAMES)}"
        super().__init__(f"{filter_} {self.problem}")


class ClaimedError(DeadLettersError):
    """Another command is changing the dead letters; `since` is None if it just ended."""

    def __init__(self, holder: str, since: datetime | None) -> None:
        self.holder = holder
        self.since = since
        when = "" if since is None else f" since {since:%Y-%m-%d %H:%M:%SZ}"
        super().__init__(
            f"{holder} has been changing the dead letters{when}: wait for its end; "
            "nothing was changed"
        )


class AppliedMeanwhileError(DeadLettersError):
    """A file edits a message that was applied after it was exported."""

    def __init__(self, line: int, message_id: str) -> None:
        self.line = line
        self.message_id = message_id
        super().__init__(
            f"line {line}: message {message_id} was applied already, "
            "as it was or by another edit; nothing was changed"
        )


class NothingChosenError(DeadLettersError):
    """No dead letter is what the command asks for."""

    def __init__(self) -> None:
        super().__init__("no dead letter is chosen: nothing was changed")


class AuditNotFoundError(DeadLettersError):
    """No change has this audit id."""

    def __init__(self, audit_id: int) -> None:
        super().__init__(f"no command has the audit id {audit_id}")


class ChangeFailedError(DeadLettersError):
    """A change broke off; `report` says how far it came."""

    def __init__(self, report: ChangeReport) -> None:
        self.report = report
        super().__init__(f"{report.why_stopped}; {report.summary}")
