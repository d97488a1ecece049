"""One migration at a time: waits for the advisory lock of another, and says for whom."""

import time
from collections.abc import Callable

from sqlalchemy import Connection, text

from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.infra.db.advisory_locks import AdvisoryLock
from worker.infra.db.session_locks import FIND_HOLDER, Holder
from worker.infra.durations import DEFAULT_DURATIONS, Durations

_TRY_LOCK = text("SELECT pg_try_advisory_lock(:key)")


def wait_for_migration_turn(
    connection: Connection,
    on_wait: Callable[[str], object],
    durations: Durations = DEFAULT_DURATIONS,
) -> None:
    """Takes the lock for as long as the connection lives; calls `on_wait` once if it has to wait.

    It asks again and again, each time in a transaction that is over at once: one that waited
    inside its transaction would be waited for by CREATE INDEX CONCURRENTLY in the migration it
    waits for, a deadlock.

    Raises:
        StoreUnavailableError: another migration still has the lock; the message says which.
    """
    give_up_at, was_told = time.monotonic() + durations.migration_turn, False
    while not connection.execute(_TRY_LOCK, {"key": AdvisoryLock.MIGRATING}).scalar():
        holder = _describe(connection)
        connection.rollback()
        if time.monotonic() > give_up_at:
            raise StoreUnavailableError(
                f"gave up after {durations.migration_turn:.0f} s: {holder} is still migrating"
            )
        if not was_told:
            on_wait(f"waiting: {holder} is migrating this database")
            was_told = True
        time.sleep(durations.migration_poll)
    connection.commit()


def _describe(connection: Connection) -> str:
    row = connection.execute(FIND_HOLDER, {"key": AdvisoryLock.MIGRATING}).first()
    return "another session" if row is None else str(Holder.of(row))
