"""Sweeps the dead-letter queue for the records of dead letters."""

from datetime import timedelta
from functools import partial

from worker.composition.common import Common
from worker.composition.management import find_counting_policy
from worker.infra.db.advisory_locks import AdvisoryLock
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters
from worker.infra.db.repositories.swept_dead_letters import PostgresSweptDeadLetters
from worker.infra.db.transaction_lock import try_transaction_lock
from worker.infra.messaging.dead_letters.errors import DeadLettersError
from worker.infra.messaging.dead_letters.sweep import Look, SweepReport, sweep


async def sweep_and_count(common: Common, look: Look) -> SweepReport | None:
    """Sweeps the dead letters, unless somebody else is at them, and counts them."""
    url = common.settings.current_rabbitmq_url()
    try:
        report = await _sweep(common, url, look)
        counts = await PostgresDeadLetters(common.sessions).count()
    except DATABASE_ERRORS as trouble:
        raise DeadLettersError(str(translate(trouble))) from trouble
    common.metrics.dead_letters_counted(
        dead=counts.dead - counts.muted, muted=counts.muted, vanished=counts.vanished
    )
    return report


async def _sweep(common: Common, url: str, look: Look) -> SweepReport | None:
    durations, lock = common.durations, AdvisoryLock.LOOKING_AT_DEAD_LETTERS
    grace = timedelta(seconds=durations.sweep_grace)
    records = PostgresSweptDeadLetters(common.sessions, grace)
    async with try_transaction_lock(common.engine, lock, durations.longest_sweep) as is_ours:
        if not is_ours:
            return None
        return await sweep(url, records, durations, look, partial(find_counting_policy, common))
