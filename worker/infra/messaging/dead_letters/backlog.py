"""Are there dead letters that nobody looks after?"""

from datetime import datetime, timedelta

from worker.infra.inspection import Inspection
from worker.infra.messaging.broker import TROUBLE, in_brief
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter, read_dead_letter
from worker.infra.messaging.dead_letters.errors import DeadLettersError
from worker.infra.messaging.dead_letters.holding import hold
from worker.infra.messaging.dead_letters.look import DEAD_LETTERS

MANY = 1000
OLD = timedelta(days=1)


async def inspect_dead_letters(url: str, now: datetime) -> Inspection:
    """Warns of many, or of an old one at the head of the queue, where the oldest waits."""
    first: list[DeadLetter] = []
    try:
        async with hold(
            url, DEAD_LETTERS, lambda delivery: first.append(read_dead_letter(delivery))
        ) as holding:
            count = await holding.count_ready()
            if count:
                await holding.widen(1)
                await holding.comes_more()
    except (DeadLettersError, *TROUBLE) as trouble:
        return Inspection("dead letters", in_brief(trouble), is_warning=True)
    died_at = first[0].died_at if first else None
    return Inspection("dead letters", _problem(count, died_at, now), is_warning=True)


def _problem(count: int, oldest: datetime | None, now: datetime) -> str | None:
    reasons = []
    if count >= MANY:
        reasons.append(f"{count} of them")
    if oldest is not None and now - oldest >= OLD:
        reasons.append(f"the oldest waits since {oldest:%Y-%m-%d %H:%M:%SZ}")
    return f"{', '.join(reasons)}: see `inventory-worker dlq list`" if reasons else None
