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


class PooledError(DeadLettersError):
    """A lock of this session would be left to another client."""

    def __init__(self) -> None:
        super().__init__(
            "DATABASE_URL leads to a pooler such as PgBouncer, which leaves the locks of one "
            "client to another: point it to PostgreSQL itself"
        )


class ClaimedError(DeadLettersError):
    """Another command is changing the dead letters.

    `since` is None if it just ended, `job_id` if it is no job.
    """

    def __init__(self, holder: str, since: datetime | None, job_id: int | None = None) -> None:
        self.holder = holder
        self.since = since
        self.job_id = job_id
        when = "" if since is None else f" since {since:%Y-%m-%d %H:%M:%SZ}"
        job = "" if job_id is None else f", `dlq jobs {job_id}` shows it"
        super().__init__(
            f"{holder} has been changing the dead letters{when}: wait for its end{job}; "
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


class AuditNotFoundError(DeadLettersError):
    """No change has this audit id."""

    def __init__(self, audit_id: int) -> None:
        super().__init__(f"no command has the audit id {audit_id}")


class JobNotFoundError(DeadLettersError):
    """There is no such job, or it was pruned."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"there is no job {job_id}")


class JobBrokeOffError(DeadLettersError):
    """The process that ran a job lost a server: the next one goes on with it."""

    def __init__(self, job_id: int, reason: str) -> None:
        super().__init__(
            f"{reason}; job {job_id} is not over: a worker goes on with it, "
            f"or `dlq jobs {job_id} --follow`"
        )


class JobInVainError(DeadLettersError):
    """So many processes that ran a job died, or lost it, before they came any further."""

    def __init__(self, runs: int, process: str | None) -> None:
        super().__init__(
            f"{runs} runs in a row broke off without progress, the last one in {process}: "
            "start it again once the cause is mended"
        )


class JobEndedError(DeadLettersError):
    """A job cannot be cancelled any more."""

    def __init__(self, job_id: int, state: str) -> None:
        super().__init__(f"job {job_id} has ended already: {state}")


class NothingToFetchError(DeadLettersError):
    """A job has no discarded letters for a file: it is no discard, or has not ended."""

    def __init__(self, job_id: int, why: str) -> None:
        super().__init__(f"job {job_id} {why}")


class ChangeFailedError(DeadLettersError):
    """A change broke off; `report` says how far it came, `is_noted` whether the audit does."""

    def __init__(self, report: ChangeReport, *, is_noted: bool = True) -> None:
        self.report = report
        self.is_noted = is_noted
        super().__init__(f"{report.why_stopped}; {report.summary}")
