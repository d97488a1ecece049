"""Applies a batch of messages to the catalog in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from worker.application.batch import Batch, Content, DeadLetterOf, no_dead_letters
from worker.application.bug_trace import trace_of
from worker.application.catalog_state import CatalogState
from worker.application.commands import CommandMessage, CreateCar, OfferFinancingPlan, WithdrawCar
from worker.application.decide import Dispatch, decide_batch, dispatch
from worker.application.outcomes import Failure, Outcome, Result
from worker.application.store_changes import store_changes
from worker.domain.entities.early_observation import plan_ids_of
from worker.domain.error_code import ErrorCode
from worker.domain.ports.processed_messages import ProcessedMessage
from worker.domain.ports.unit_of_work import (
    ConcurrentChangeError,
    StatementRefusedError,
    StoreUnavailableError,
    UnitOfWork,
)
from worker.domain.value_objects.message_identity import MessageIdentity

REPLACED = "replaced"
"""The recorded outcome of a message whose edited copy was applied instead."""

REDO_LIMIT = 10
"""How many times to retry a batch that lost a race before treating the store as unavailable."""


class ApplyBatch:
    """Applies messages and records their ids, and their dead letters, in the same transaction.

    A usual batch asks neither which of its messages are recorded nor which of its creations are of
    cars that exist, which saves a statement, and the lock of a row for each creation. Where one
    is, the store refuses to add it, and the batch is done again and asks, and so do the next ones
    for as long as some are found.
    """

    def __init__(
        self, unit_of_work: Callable[[], UnitOfWork], dispatch: Dispatch = dispatch
    ) -> None:
        self._unit_of_work = unit_of_work
        self._dispatch = dispatch
        self._expects_known = True

    async def __call__(
        self, batch: Sequence[Content], dead_letter_of: DeadLetterOf = no_dead_letters
    ) -> list[Result]:
        """The committed result of each message, in the order given.

        Creations go first, so that less has to wait for them.

        Raises:
            StoreUnavailableError: the store is unavailable; nothing or only a first part of the
                batch is committed, and the whole batch can be applied again.
        """
        order = sorted(range(len(batch)), key=lambda i: not _creates(batch[i]))
        in_order = Batch([batch[i] for i in order], order, dead_letter_of)
        results = await self._apply_isolating(in_order)
        result_at = dict(zip(order, results, strict=True))
        return [result_at[i] for i in range(len(batch))]

    async def _apply_isolating(self, batch: Batch) -> list[Result]:
        """Isolates a message that the store refuses, so that the others commit.

        The batch is halved until that message is alone, which costs a few transactions for each
        such message and keeps creations first.
        """
        try:
            return await self._apply_with_redo(batch)
        except StatementRefusedError as refusal:
            if len(batch.contents) == 1:
                return await self._fail(batch, refusal)
        first, second = batch.halves()
        return [*await self._apply_isolating(first), *await self._apply_isolating(second)]

    async def _fail(self, refused: Batch, refusal: StatementRefusedError) -> list[Result]:
        """Records the dead letter of a refused message; without it where that is refused, too."""
        [content] = refused.contents
        if isinstance(content, Failure):
            return [content]
        failure = Failure(ErrorCode.UNEXPECTED_ERROR, str(refusal), trace_of(refusal))
        return await self._apply_isolating(replace(refused, contents=[failure]))

    async def _apply_with_redo(self, batch: Batch) -> list[Result]:
        asks = self._expects_known
        for _ in range(REDO_LIMIT):
            try:
                return await self._apply(batch, asks=asks)
            except ConcurrentChangeError:
                asks = True
            except StatementRefusedError:
                if asks or len(batch.contents) > 1:
                    raise
                asks = True  # a trigger may have refused what was presumed
        raise StoreUnavailableError(f"others were faster {REDO_LIMIT} times in a row")

    async def _apply(self, batch: Batch, *, asks: bool) -> list[Result]:
        """Makes one attempt."""
        messages = batch.messages
        if not messages:
            return await self._record(batch)
        async with self._unit_of_work() as work:
            results = batch.results_with(await self._decide(work, messages, asks=asks))
            await work.dead_letters.add(batch.dead_letters(results))
            await work.commit()
        return results

    async def _record(self, batch: Batch) -> list[Result]:
        """Records the dead letters of a batch without a command, if there are any."""
        results = batch.results_with([])
        if letters := batch.dead_letters(results):
            async with self._unit_of_work() as work:
                await work.dead_letters.add(letters)
                await work.commit()
        return results

    async def _decide(
        self, work: UnitOfWork, batch: Sequence[CommandMessage], *, asks: bool
    ) -> list[Result]:
        """Decides and stores, taking locks in an order that is the same everywhere.

        The cars of recorded messages are locked, too, and what waits for cars that do not exist,
        or a `duplicate` could be acknowledged before the store has its first record for good: see
        `PostgresEntityStore.lock`.
        """
        named = {message.command.car_id for message in batch}
        created = {message.command.car_id for message in batch if _creates(message)}
        presumed_new = set() if asks else created
        cars = await work.cars.lock(named - presumed_new, whole=created | _withdrawn(batch))
        missing = named - cars.keys()
        created_now = created & missing
        waiting = await work.early_observations.lock(
            created=created_now, awaited=missing - created_now
        )
        plans = await work.financing_plans.lock(_plan_ids(batch) | plan_ids_of(waiting))
        recorded = await work.processed_messages.find(_identities(batch)) if asks else {}
        if asks:  # else nothing is known of it
            self._expects_known = bool(recorded) or created_now != created
        catalog = CatalogState(cars, plans, waiting)
        results = decide_batch(batch, recorded, catalog, self._dispatch)
        if not asks:
            await _check_failures(work, batch, results, presumed_new)
        await work.processed_messages.add(_records(batch, results))
        await store_changes(work, catalog)
        return results


async def _check_failures(
    work: UnitOfWork, batch: Sequence[CommandMessage], results: Sequence[Result], new: set[str]
) -> None:
    """Has a batch done again, and asked for, if a failure may be none of a known message or car.

    Nothing is stored for a failure, so the store would not notice.
    """
    failed = [m for m, result in zip(batch, results, strict=True) if isinstance(result, Failure)]
    if any(message.command.car_id in new for message in failed) or (
        failed and await work.processed_messages.find(_identities(batch))
    ):
        raise ConcurrentChangeError


def _creates(content: Content) -> bool:
    return isinstance(content, CommandMessage) and isinstance(content.command, CreateCar)


def _withdrawn(batch: Sequence[CommandMessage]) -> set[str]:
    commands = (message.command for message in batch)
    return {command.car_id for command in commands if isinstance(command, WithdrawCar)}


def _identities(batch: Sequence[CommandMessage]) -> set[MessageIdentity]:
    own = {message.identity for message in batch}
    return own.union(message.replaces.identity for message in batch if message.replaces is not None)


def _plan_ids(batch: Sequence[CommandMessage]) -> set[str]:
    commands = (message.command for message in batch)
    return {command.plan.id for command in commands if isinstance(command, OfferFinancingPlan)}


def _records(batch: Sequence[CommandMessage], results: Sequence[Result]) -> list[ProcessedMessage]:
    """The records, sorted by identity: the order in which ids are locked."""
    records = []
    for message, result in zip(batch, results, strict=True):
        if isinstance(result, Outcome) and result is not Outcome.DUPLICATE:
            records.append(_record(message, message.identity, result, message.digest))
            if message.replaces is not None:
                replaced = message.replaces
                records.append(_record(message, replaced.identity, REPLACED, replaced.digest))
    return sorted(records, key=lambda record: record.identity)


def _record(
    message: CommandMessage, identity: MessageIdentity, outcome: str, digest: bytes
) -> ProcessedMessage:
    return ProcessedMessage(identity, message.type, message.command.car_id, outcome, digest)
