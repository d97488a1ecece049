"""Asks the database whether the worker can do its work on it."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.infra.clocks import Clocks
from worker.infra.db.ability import try_to_write
from worker.infra.db.clock import measure_clock
from worker.infra.db.schema import WrongSchemaError, check_revision, read_revision
from worker.infra.durations import Durations
from worker.infra.repeat_limited_log import RepeatLimitedLog


class DatabaseProbe:
    """Finds why the worker cannot consume."""

    def __init__(
        self,
        engine: AsyncEngine,
        clocks: Clocks,
        remarks: RepeatLimitedLog,
        durations: Durations,
    ) -> None:
        self._engine = engine
        self._clocks = clocks
        self._remarks = remarks
        self._durations = durations

    async def check_schema(self) -> None:
        """Looks whether this release can work on the schema.

        Raises:
            WrongSchemaError: it never can.
            StoreUnavailableError: the database does not answer.
        """
        check_revision(await read_revision(self._engine))

    async def before_consuming(self) -> str | None:
        """Looks at the schema, at what the database lets us write, and at the clocks.

        Returns None if nothing is wrong.

        Raises:
            WrongSchemaError: the worker can never work on this schema.
        """
        try:
            revision = await read_revision(self._engine)
            is_newer = check_revision(revision)
            await try_to_write(self._engine)
            await measure_clock(self._engine, self._clocks)
        except StoreUnavailableError as unavailable:
            return str(unavailable)
        if is_newer:
            told = f"it is at {revision.number}"
            self._remarks.warn("the schema is newer than this release", told)
        return self._clocks.problem()

    async def while_running(self) -> str | None:
        """As before, but a schema that has become outdated is a problem instead of an error.

        Only silence counts within the time for an answer: a database that writes slowly takes work.
        """
        answer = self._durations.probe_answer
        try:
            async with asyncio.timeout(answer):
                check_revision(await read_revision(self._engine))
                await measure_clock(self._engine, self._clocks)
            await try_to_write(self._engine)
        except (StoreUnavailableError, WrongSchemaError) as problem:
            return str(problem)
        except TimeoutError:
            return f"PostgreSQL has not answered for {answer:.0f} s"
        apart = self._clocks.problem()
        if apart is not None:
            self._remarks.warn("the clocks differ", apart)
        return apart
