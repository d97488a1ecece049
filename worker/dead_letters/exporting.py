from collections.abc import Callable

from worker.dead_letters.frozen_selection import require_all
from worker.dead_letters.session import DeadLetterSession
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters
from worker.infra.messaging.dead_letters.dead_letter_line import to_line
from worker.infra.messaging.dead_letters.records import to_letter


async def export(
    session: DeadLetterSession, selection: Selection, write: Callable[[str], object]
) -> int:
    """Passes each dead letter to `write` as a line of JSON with its end; returns how many.

    Equal letters are one line.
    """
    letters, count = PostgresDeadLetters(session.sessions), 0
    await require_all(session, selection, await letters.select(selection))
    async for stored in letters.stream(selection):
        write(f"{to_line(to_letter(stored.record))}\n")
        count += 1
    return count
