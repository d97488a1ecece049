"""Refuses a selection by an error code or a type that does not exist."""

from worker.dead_letters.errors import UnknownNameError
from worker.dead_letters.session import DeadLetterSession
from worker.domain.error_code import FORMER_CODES, ErrorCode
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters
from worker.infra.messaging.dead_letters.dead_letter import BROKER_CODES, FOREIGN
from worker.infra.messaging.events.wire_events import EVENT_TYPES

CODES = (*map(str, ErrorCode), *FORMER_CODES, *BROKER_CODES, FOREIGN)
TYPES = tuple(EVENT_TYPES)


async def refuse_unknown_names(session: DeadLetterSession, selection: Selection) -> None:
    """For a selection that matches nothing.

    Raises:
        UnknownNameError: no dead letter ever has this code, or none has this type.
    """
    names = await PostgresDeadLetters(session.sessions).names()
    for filter_, given, known in (
        ("code", selection.code, {*CODES, *names.codes}),
        ("type", selection.type, {*TYPES, *names.types}),
    ):
        if given is not None and given not in known:
            raise UnknownNameError(filter_, given, sorted(known))
