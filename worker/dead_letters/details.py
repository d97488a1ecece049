from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.dead_letters.frozen_selection import require_all
from worker.dead_letters.session import DeadLetterSession
from worker.domain.read_models.catalog_entry import CatalogEntry
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.repositories.catalog_repository import PostgresCatalogRepository
from worker.infra.db.repositories.dead_letter_comparison import read_last_comparison
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters, StoredDeadLetter
from worker.infra.db.repositories.recorded_messages import (
    PostgresRecordedMessages,
    RecordedMessage,
)
from worker.infra.durations import Durations
from worker.infra.messaging.dead_letters.contents import read_car_id
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.records import to_letter
from worker.infra.printable import printable

MOST_COPIES = 10
"""How many messages of one id are read."""


@dataclass(frozen=True, slots=True)
class Details:
    """A dead letter, and what the database knows of its id and its car.

    `place_known_at` is when it was last known to be in the queue, unless it has vanished.
    """

    letter: DeadLetter
    is_vanished: bool
    place_known_at: datetime
    recorded: RecordedMessage | None
    car_id: str | None
    car: CatalogEntry | None


async def read_details(session: DeadLetterSession, handle: str) -> list[Details]:
    """All dead letters of an id, at most `MOST_COPIES`.

    Raises:
        NothingSelectedError: there is none.
    """
    letters = PostgresDeadLetters(session.sessions)
    selection = Selection(ids=(handle,), limit=MOST_COPIES)
    await require_all(session, selection, await letters.select(selection))
    compared = await read_last_comparison(session.sessions)
    return [
        await _with_knowledge(session, stored, compared)
        async for stored in letters.stream(selection)
    ]


async def _with_knowledge(
    session: DeadLetterSession, stored: StoredDeadLetter, compared: datetime | None
) -> Details:
    letter = to_letter(stored.record)
    records = await PostgresRecordedMessages(session.sessions).find_by_id(letter.message_id or "")
    recorded = next((r for r in records if (r.source, r.message_id) == letter.identity), None)
    car_id = read_car_id(letter.message)
    catalog = PostgresCatalogRepository(session.sessions)
    car = None if car_id is None else await catalog.get(printable(car_id))
    known_at = _place_known_at(stored, compared, session.durations)
    return Details(letter, stored.is_vanished, known_at, recorded, car_id, car)


def _place_known_at(
    stored: StoredDeadLetter, compared: datetime | None, durations: Durations
) -> datetime:
    """A letter that may have been on its way during the last comparison had no part in it."""
    arrived = stored.recorded_at + timedelta(seconds=durations.sweep_grace)
    return stored.recorded_at if compared is None or compared < arrived else compared
