"""Decides what becomes of each message of a batch: no I/O, nothing stored."""

from collections.abc import Callable, Mapping, Sequence
from typing import assert_never

from worker.application.catalog_state import CatalogState
from worker.application.commands import ChangePrice, Command, CommandMessage, CreateCar
from worker.application.outcomes import Decision, Failure, Outcome, Result
from worker.application.use_cases.change_price import change_price
from worker.application.use_cases.create_car import create_car
from worker.domain.errors import CommandRefusedError
from worker.domain.value_objects.error_code import ErrorCode
from worker.domain.value_objects.message_identity import MessageIdentity

Dispatch = Callable[[Command, CatalogState], Decision]


def dispatch(command: Command, catalog: CatalogState) -> Decision:
    """Hands a command to its use case."""
    match command:
        case CreateCar():
            return create_car(command, catalog.cars.get(command.car_id))
        case ChangePrice():
            return change_price(command, catalog.cars.get(command.car_id))
        case _:
            assert_never(command)


def decide_batch(
    batch: Sequence[CommandMessage],
    recorded: Mapping[MessageIdentity, bytes],
    catalog: CatalogState,
    dispatch: Dispatch = dispatch,
) -> list[Result]:
    """The result of each message, in the order given; `catalog` is left as they make it.

    Creations are decided first, so that a price change that overtook its creation on the
    way needs no retry. A message that fails leaves no trace: the copy of it that follows
    is decided afresh.
    """
    digests = dict(recorded)
    results: dict[int, Result] = {}
    for index in sorted(range(len(batch)), key=lambda i: not _creates(batch[i].command)):
        message = batch[index]
        result = _decide(message, digests.get(message.identity), catalog, dispatch)
        if isinstance(result, Outcome):
            digests[message.identity] = message.digest
        results[index] = result
    return [results[index] for index in range(len(batch))]


def _creates(command: Command) -> bool:
    return isinstance(command, CreateCar)


def _decide(
    message: CommandMessage, recorded: bytes | None, catalog: CatalogState, dispatch: Dispatch
) -> Result:
    if recorded == message.digest:
        return Outcome.DUPLICATE
    if recorded is not None:
        return Failure(
            ErrorCode.MESSAGE_ID_REUSED,
            f"message id {message.identity.message_id!r} of source {message.identity.source!r} "
            "was used before for another command",
        )
    try:
        decision = dispatch(message.command, catalog)
    except CommandRefusedError as refusal:
        return Failure(refusal.code, refusal.detail)
    except Exception as bug:  # noqa: BLE001 - our own bug must cost this message only
        return Failure(ErrorCode.UNEXPECTED_ERROR, f"{type(bug).__name__} while handling it")
    if decision.changed is not None:
        catalog.put(decision.changed)
    return decision.outcome
