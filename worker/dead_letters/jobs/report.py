from worker.dead_letters.change_report import CanaryResult, ChangeReport, DeadAgain
from worker.domain.value_objects.job import JobKind
from worker.infra.db.repositories.jobs import Job

VERBS = {JobKind.REPLAY: "replayed", JobKind.DISCARD: "discarded"}
"""What happens to the dead letters of a job, as in "replayed"."""


def report_of(job: Job) -> ChangeReport:
    """How far a job came that a process has taken at least once."""
    assert job.audit_id is not None
    return ChangeReport(
        audit_id=job.audit_id,
        verb=VERBS[job.kind],
        selected=job.chosen,
        done=job.done,
        why_stopped=job.why_stopped,
        canary=canary_of(job),
    )


def canary_of(job: Job) -> CanaryResult | None:
    """What its canary found; None while that is not known."""
    found = job.report.get("canary")
    if found is None:
        return None
    dead_again = [DeadAgain(**letter) for letter in found["dead_again"]]
    return CanaryResult(found["good"], dead_again, found["no_outcome"])
