from sqlalchemy import delete, func, text
from sqlalchemy.dialects.postgresql import insert

from worker.infra.db.engine import Sessions
from worker.infra.db.errors import TROUBLE, translate
from worker.infra.db.models import DeliveryTrialModel

_DO_NOT_WAIT_FOR_THE_DISK = text("SET LOCAL synchronous_commit = off")
"""A trial outlives the death of a worker all the same, and after a killed worker there are many."""


class PostgresDeliveryTrials:
    """Trials, each counted in a transaction of its own that is over before the trial begins."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def begin(self, fingerprint: bytes) -> int:
        """See the port."""
        first = insert(DeliveryTrialModel).values(fingerprint=fingerprint, trials=1)
        counted = first.on_conflict_do_update(
            index_elements=[DeliveryTrialModel.fingerprint],
            set_={"trials": DeliveryTrialModel.trials + 1, "last_trial_at": func.now()},
        ).returning(DeliveryTrialModel.trials)
        try:
            async with self._sessions.begin() as session:
                await session.execute(_DO_NOT_WAIT_FOR_THE_DISK)
                return (await session.execute(counted)).scalar_one()
        except TROUBLE as trouble:
            raise translate(trouble) from trouble

    async def end(self, fingerprint: bytes) -> None:
        """See the port."""
        row = delete(DeliveryTrialModel).where(DeliveryTrialModel.fingerprint == fingerprint)
        try:
            async with self._sessions.begin() as session:
                await session.execute(_DO_NOT_WAIT_FOR_THE_DISK)
                await session.execute(row)
        except TROUBLE as trouble:
            raise translate(trouble) from trouble
