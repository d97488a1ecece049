"""Asks the database for what the worker needs: a transaction that writes."""

from contextlib import suppress
from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from worker.domain.entities.car import Car, ListingObservation, PriceObservation
from worker.domain.entities.early_observation import EarlyObservation
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.ports.dead_letter_records import DeadLetterRecord
from worker.domain.ports.processed_messages import ProcessedMessage
from worker.domain.ports.unit_of_work import (
    ConcurrentChangeError,
    StatementRefusedError,
    StoreUnavailableError,
)
from worker.domain.value_objects.car_description import FIRST_MODEL_YEAR
from worker.domain.value_objects.financing_terms import FinancingTerms
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.domain.value_objects.occurrence import EARLIEST
from worker.infra.db.arrays import table_of
from worker.infra.db.errors import READ_ONLY, sqlstate_of
from worker.infra.db.models import DeliveryTrialModel
from worker.infra.db.repositories.pauses import close_past, look_at_pauses
from worker.infra.db.repositories.workers import WorkerIdentity, beat, forget
from worker.infra.db.unit_of_work import PostgresUnitOfWork
from worker.infra.fleet import WorkerReport, WorkerState

_IS_STANDBY = text("SELECT pg_is_in_recovery()")
_REPORT = WorkerReport(WorkerState.CONSUMING, "", None, 0, None, None)
_TERMS = FinancingTerms(Decimal(0), 1, Decimal(0), Decimal(1), Decimal(1))


async def try_to_write(engine: AsyncEngine) -> None:
    """Writes what the worker writes, mostly with its own statements, and rolls it back.

    The rows collide with no others: their ids are new each time, and have a space, which the
    contract does not allow. A constraint or trigger that refuses them proves nothing about
    messages.

    Raises:
        StoreUnavailableError: the database accepts no such transaction.
    """
    try:
        with suppress(StatementRefusedError, ConcurrentChangeError):
            await _write(engine, uuid4())
    except StoreUnavailableError as refused:
        if sqlstate_of(refused.__cause__) == READ_ONLY and await _is_standby(engine):
            raise StoreUnavailableError(f"{refused}: it is a standby in recovery") from refused
        raise


class _Rehearsal(PostgresUnitOfWork):
    """Does also what otherwise has a transaction of its own: trials, and the worker's row."""

    async def count_trial(self, fingerprint: bytes) -> None:
        trials = table_of(DeliveryTrialModel)
        await self._connection.execute(insert(trials), {"fingerprint": fingerprint, "trials": 1})
        await self._connection.execute(delete(trials).where(trials.c.fingerprint == fingerprint))

    async def tell_and_ask(self, id_: UUID) -> None:
        worker = WorkerIdentity(id_, f"probe {id_}", "")
        async with AsyncSession(self._connection) as session:
            await beat(session, worker, _REPORT)
            await forget(session, worker)
            await look_at_pauses(session)
            await close_past(session)


async def _write(engine: AsyncEngine, new: UUID) -> None:
    id_ = f"probe {new}"
    identity = MessageIdentity("", id_)
    price = PriceObservation(Decimal(1), EARLIEST, *identity)
    listing = ListingObservation.by_creation(price)
    car = Car(id_, id_, id_, FIRST_MODEL_YEAR, price, listing)
    early = EarlyObservation(id_, price)
    plan = FinancingPlan(id_, id_, _TERMS, EARLIEST, *identity)
    async with _Rehearsal(engine) as work:
        await work.processed_messages.find([identity])
        await work.cars.lock([id_])
        await work.early_observations.lock(created=(), awaited=[id_])
        await work.early_observations.keep([early])
        await work.early_observations.remove([early])
        await work.processed_messages.add([ProcessedMessage(identity, id_, id_, id_, b"")])
        await work.cars.add([car])
        await work.cars.update([car])
        await work.financing_plans.add([plan])
        await work.financing_plans.update([plan])
        await work.dead_letters.add([_dead_letter(new, id_)])
        await work.count_trial(new.bytes)
        await work.tell_and_ask(new)


def _dead_letter(new: UUID, id_: str) -> DeadLetterRecord:
    return DeadLetterRecord(
        key=new.bytes,
        content_key=new.bytes,
        handle=id_,
        source="",
        message_id=id_,
        type=id_,
        car_id=id_,
        code=id_,
        detail="",
        died_at=EARLIEST,
        first_failed_at=EARLIEST,
        attempts=0,
        replays=0,
        exchange="",
        routing_key="",
        envelope="{}",
        body=b"",
    )


async def _is_standby(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        return bool((await connection.execute(_IS_STANDBY)).scalar_one())
