"""Warns of dead letters that nobody takes care of."""

from datetime import datetime, timedelta

from worker.infra.check import Check
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.connection import BROKER_ERRORS, in_brief
from worker.infra.messaging.dead_letters.browsing import DEAD_LETTERS
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter, read_dead_letter
from worker.infra.messaging.dead_letters.errors import DeadLettersError
from worker.infra.messaging.dead_letters.held_messages import hold

MANY = 1000
OLD = timedelta(days=1)


async def check_backlog(url: str, now: datetime, durations: Durations) -> Check:
    """Warns of many, or of an old one at the head of the queue, where the oldest waits."""
    first: list[DeadLetter] = []
    try:
        async with hold(
            url,
            DEAD_LETTERS,
            lambda message: first.append(read_dead_letter(message.message)),
            durations,
        ) as held:
            count = await held.count_ready()
            if count:
                await held.widen(1)
                await held.comes_more()
    except (DeadLettersError, *BROKER_ERRORS) as trouble:
        return Check("dead letters", in_brief(trouble), is_warning=True)
    died_at = first[0].died_at if first else None
    return Check("dead letters", _problem(count, died_at, now), is_warning=True)


def _problem(count: int, oldest: datetime | None, now: datetime) -> str | None:
    reasons = []
    if count >= MANY:
        reasons.append(f"{count} of them")
    if oldest is not None and now - oldest >= OLD:
        reasons.append(f"the oldest waits since {oldest:%Y-%m-%d %H:%M:%SZ}")
    return f"{', '.join(reasons)}: see `inventory-worker dlq list`" if reasons else None
