from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, func, select, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from worker.domain.ports.processed_messages import ProcessedMessage, ProcessedMessages
from worker.domain.ports.unit_of_work import ConcurrentChangeError
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.db.arrays import Columns, as_parameters, columns_of, row_count, rows_of, table_of
from worker.infra.db.car_gates import GatesAhead, passed_gates
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


def _add(new: Select[Any]) -> Insert:
    return (
        insert(table_of(ProcessedMessageModel))
        .from_select(list(_RECORD_COLUMNS), new)
        .on_conflict_do_nothing(index_elements=table_of(ProcessedMessageModel).primary_key.columns)
        .execution_options(preserve_rowcount=True)
    )


_ADD = _add(select(*_new.c))
_ADD_BEHIND_GATES = _add(select(*_new.c).where(passed_gates()))

_AMENDED_COLUMNS = columns_of(ProcessedMessageModel, ("source", "message_id", "outcome"))
_amended = rows_of("amended", _AMENDED_COLUMNS)
_AMEND = (
    update(table_of(ProcessedMessageModel))
    .where(
        ProcessedMessageModel.source == _amended.c.source,
        ProcessedMessageModel.message_id == _amended.c.message_id,
    )
    .values(outcome=_amended.c.outcome, processed_at=func.now())
)


class PostgresProcessedMessages(ProcessedMessages):
    """The recorded ids, in two statements of constant text whatever the batch."""

    def __init__(self, connection: AsyncConnection, gates_ahead: GatesAhead | None = None) -> None:
        self._connection = connection
        self._gates_ahead = gates_ahead or GatesAhead()

    @override
    async def find(
        self, identities: Collection[MessageIdentity]
    ) -> Mapping[MessageIdentity, bytes]:
        rows = await self._connection.execute(
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
        gates, parameters = self._gates_ahead.parameters, _parameters(_RECORD_COLUMNS, rows)
        added = (
            await self._connection.execute(_ADD, parameters)
            if gates is None
            else await self._connection.execute(_ADD_BEHIND_GATES, {**parameters, **gates})
        )
        if row_count(added) < len(messages):
            raise ConcurrentChangeError

    @override
    async def amend(self, outcomes: Mapping[MessageIdentity, str]) -> None:
        if outcomes:
            rows = [(*identity, outcome) for identity, outcome in outcomes.items()]
            await self._connection.execute(_AMEND, _parameters(_AMENDED_COLUMNS, rows))


def _parameters(columns: Columns, rows: Iterable[Sequence[object]]) -> dict[str, list[object]]:
    return as_parameters(columns, zip(*rows, strict=True))
