"""Transactions of the worker on the database of a test."""

from worker.infra.db.engine import Sessions
from worker.infra.db.repositories.early_observations import EarlyHint
from worker.infra.db.unit_of_work import PostgresUnitOfWork


def unit_of_work(sessions: Sessions, hint: EarlyHint | None = None) -> PostgresUnitOfWork:
    """One on the engine of these sessions."""
    return PostgresUnitOfWork(sessions.kw["bind"], hint)
