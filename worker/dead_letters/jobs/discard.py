from worker.dead_letters.jobs.task import JobTask
from worker.dead_letters.taking import Taking
from worker.infra.messaging.dead_letters.discard import Discard
from worker.infra.messaging.dead_letters.rate_limit import RateLimit


async def run_discard(task: JobTask) -> None:
    """Takes the letters out of the queue; their rows keep them until they are in a file."""
    change, undone = task.change, task.undone
    taking = Taking(task.session, RateLimit(None), change.stop, task.tell_that_it_looks)
    await taking.run(
        [letter.key for letter in undone],
        Discard(task.audit, change.advance),
        {letter.key for letter in undone if letter.is_vanished},
    )
