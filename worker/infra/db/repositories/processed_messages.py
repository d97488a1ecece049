from collections.abc import Collection, Mapping

from sqlalchemy import and_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from worker.domain.ports.processed_messages import ProcessedMessage, ProcessedMessages
from worker.domain.ports.unit_of_work import ConcurrentChangeError
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.db.arrays import as_parameters, columns_of, row_count, rows_of, table_of
from worker.infra.db.models import ProcessedMessageModel

_IDENTITY_COLUMNS = columns_of(ProcessedMessageModel, ("source", "message_id"))
_RECORD_COLUMNS = columns_of(
    ProcessedMessageModel, ("source", "message_id", "type", "car_id", "outcome", "digest")
)

_asked = rows_of("asked", _IDENTITY_COLUMNS)
_FIND = select(
    ProcessedMessageModel.source, ProcessedMessageModel.message_id, ProcessedMessageModel.digest
).join(
    _asked,
    and_(
        ProcessedMessageModel.source == _asked.c.source,
        ProcessedMessageModel.message_id == _asked.c.message_id,
    ),
)

_new = rows_of("new", _RECORD_COLUMNS)
_ADD = (
    insert(table_of(ProcessedMessageModel))
    .from_select(list(_RECORD_COLUMNS), select(*_new.c))
    .on_conflict_do_nothing(index_elements=table_of(ProcessedMessageModel).primary_key.columns)
    .execution_options(preserve_rowcount=True)
)


class PostgresProcessedMessages(ProcessedMessages):
    """The recorded ids, in two statements of constant text whatever the batch."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    @override
    async def find(
        self, identities: Collection[MessageIdentity]
    ) -> Mapping[MessageIdentity, bytes]:
        rows = await self._session.execute(
            _FIND, as_parameters(_IDENTITY_COLUMNS, zip(*identities, strict=True))
        )
        return {MessageIdentity(source, id_): digest for source, id_, digest in rows}

    @override
    async def add(self, messages: Collection[ProcessedMessage]) -> None:
        if not messages:
            return
        rows = [
            (*message.identity, message.type, message.car_id, message.outcome, message.digest)
            for message in messages
        ]
        added = await self._session.execute(
            _ADD, as_parameters(_RECORD_COLUMNS, zip(*rows, strict=True))
        )
        if row_count(added) < len(messages):
            raise ConcurrentChangeError
