"""Warns of dead letters that nobody takes care of."""

from datetime import datetime, timedelta

from worker.infra.check import Check
from worker.infra.db.engine import Sessions
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.repositories.dead_letters import DeadLetterCounts, PostgresDeadLetters
from worker.infra.durations import Durations
from worker.infra.messaging.dead_letters.browsing import count_dead_letters
from worker.infra.messaging.dead_letters.errors import DeadLettersError
from worker.infra.messaging.dead_letters.our_queue import naming_rabbitmq

MANY = 1000
OLD = timedelta(days=1)


async def check_backlog(sessions: Sessions, url: str, now: datetime, durations: Durations) -> Check:
    """Warns of many, of an old one, of vanished ones, and of a queue that holds others."""
    try:
        counts = await PostgresDeadLetters(sessions).count()
    except DATABASE_ERRORS as trouble:
        return _warning(str(translate(trouble)))
    try:
        with naming_rabbitmq():
            in_queue = await count_dead_letters(url, durations)
    except DeadLettersError as trouble:
        return _warning(str(trouble))
    return _warning(_problem(counts, in_queue, now))


def _warning(problem: str | None) -> Check:
    return Check("dead letters", problem, is_warning=True)


def _problem(counts: DeadLetterCounts, in_queue: int, now: datetime) -> str | None:
    reasons = []
    if counts.total >= MANY:
        reasons.append(f"{counts.total} of them")
    if counts.oldest is not None and now - counts.oldest >= OLD:
        reasons.append(f"the oldest waits since {counts.oldest:%Y-%m-%d %H:%M:%SZ}")
    if counts.vanished:
        reasons.append(
            f"{counts.vanished} have vanished from the queue, by a policy or a purge, "
            "and can be replayed all the same"
        )
    if in_queue != counts.dead:
        reasons.append(
            f"the queue holds {in_queue} and the database has {counts.dead}: "
            "the next sweep of a worker compares them"
        )
    return f"{', '.join(reasons)}: see `inventory-worker dlq list`" if reasons else None
