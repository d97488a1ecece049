"""Asks which messages were handled, outside the transactions that handle them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased

from worker.application.apply_batch import REPLACED
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.db.arrays import table_of
from worker.infra.db.engine import Sessions
from worker.infra.db.models import (
    DeadLetterAuditMessageModel,
    EarlyObservationModel,
    ProcessedMessageModel,
)
from worker.infra.db.repositories.processed_messages import PostgresProcessedMessages

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """A message that is done: when, and how it ended.

    `waits` is set for an early one that waits for its car; a newer one may have taken its place.
    `replaced_by` is the id of the edited message that was last sent in its place, None if it was
    not edited, or so long ago that nobody knows.
    """

    source: str
    message_id: str
    type: str
    car_id: str
    outcome: str
    processed_at: datetime
    waits: bool
    replaced_by: str | None

    @property
    def told_outcome(self) -> str:
        """The outcome, and what was sent in its place."""
        is_known = self.outcome == REPLACED and self.replaced_by is not None
        return f"{self.outcome} by {self.replaced_by}" if is_known else self.outcome


class PostgresRecordedMessages:
    """The recorded ids as the last commit left them."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def find(self, identities: Collection[MessageIdentity]) -> dict[MessageIdentity, bytes]:
        """Those that are recorded, each with the digest of its command."""
        found: dict[MessageIdentity, bytes] = {}
        async with self._sessions() as session:
            store = PostgresProcessedMessages(await session.connection())
            for some in _chunks(identities):
                found.update(await store.find(some))
        return found

    async def find_by_id(self, message_id: str) -> list[RecordedMessage]:
        """The messages of this id, one for each source that used it."""
        row, early = ProcessedMessageModel, EarlyObservationModel
        waits = exists().where(
            early.car_id == row.car_id,
            early.source == row.source,
            early.message_id == row.message_id,
        )
        query = (
            select(
                *(row.source, row.message_id, row.type, row.car_id),
                *(row.outcome, row.processed_at, waits, _REPLACED_BY),
            )
            .where(row.source.in_(select(_SOURCES.c.source)), row.message_id == message_id)
            .order_by(row.source)
        )
        async with self._sessions() as session:
            return [RecordedMessage(*found) for found in await session.execute(query)]


def _chunks(identities: Collection[MessageIdentity]) -> Iterator[list[MessageIdentity]]:
    remaining = iter(identities)
    while some := list(islice(remaining, _AT_ONCE)):
        yield some


_audited = table_of(DeadLetterAuditMessageModel).c
_REPLACED_BY = (
    select(_audited.sent_as)
    .where(
        _audited.source == ProcessedMessageModel.source,
        _audited.message_id == ProcessedMessageModel.message_id,
        _audited.sent_as.is_not(None),
    )
    .order_by(_audited.audit_id.desc(), _audited.position.desc())
    .limit(1)
    .scalar_subquery()
)

_first = select(func.min(ProcessedMessageModel.source).label("source")).cte(
    "sources", recursive=True
)
_further = aliased(ProcessedMessageModel)
_SOURCES = _first.union_all(
    select(
        select(func.min(_further.source)).where(_further.source > _first.c.source).scalar_subquery()
    ).where(_first.c.source.is_not(None))
)
"""Every source, each found by one step in the primary key: sources are few, messages many."""
