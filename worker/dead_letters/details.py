from dataclasses import dataclass

from worker.dead_letters.session import DeadLetterSession
from worker.domain.read_models.catalog_entry import CatalogEntry
from worker.infra.db.repositories.catalog_repository import PostgresCatalogRepository
from worker.infra.db.repositories.recorded_messages import (
    PostgresRecordedMessages,
    RecordedMessage,
)
from worker.infra.messaging.dead_letters.contents import read_car_id
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.frozen_selection import freeze
from worker.infra.messaging.dead_letters.selection import Selection
from worker.infra.printable import printable

MOST_COPIES = 10
"""How many messages of one id are read."""


@dataclass(frozen=True, slots=True)
class Details:
    """A dead letter, and what the database knows of its id and its car."""

    letter: DeadLetter
    recorded: RecordedMessage | None
    car_id: str | None
    car: CatalogEntry | None


async def read_details(session: DeadLetterSession, handle: str) -> list[Details]:
    """All copies of a dead letter, at most `MOST_COPIES`.

    Raises:
        NothingSelectedError: there is none.
    """
    letters: list[DeadLetter] = []
    selection = Selection(ids=(handle,), limit=MOST_COPIES)
    await freeze(session.browse, selection, letters.append)
    return [await _with_knowledge(session, letter) for letter in letters]


async def _with_knowledge(session: DeadLetterSession, letter: DeadLetter) -> Details:
    records = await PostgresRecordedMessages(session.sessions).find_by_id(letter.message_id or "")
    recorded = next((r for r in records if (r.source, r.message_id) == letter.identity), None)
    car_id = read_car_id(letter.message)
    catalog = PostgresCatalogRepository(session.sessions)
    car = None if car_id is None else await catalog.get(printable(car_id))
    return Details(letter, recorded, car_id, car)
