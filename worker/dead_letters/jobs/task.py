from collections.abc import Sequence
from dataclasses import dataclass

from worker.dead_letters.change import Change
from worker.dead_letters.session import DeadLetterSession
from worker.domain.value_objects.job import JobStep
from worker.infra.db.repositories.job_audit import PostgresJobAudit
from worker.infra.db.repositories.job_letters import JobLetter, PostgresJobLetters
from worker.infra.db.repositories.jobs import Job


@dataclass(frozen=True, slots=True)
class JobTask:
    """A job in the hands of its runner; `undone` is what is left to do, in its order."""

    session: DeadLetterSession
    job: Job
    letters: PostgresJobLetters
    undone: Sequence[JobLetter]
    audit: PostgresJobAudit
    change: Change

    async def tell_that_it_looks(self) -> None:
        """Its letters are being looked for in the queue."""
        await self.audit.tell(JobStep.LOOKING)
