"""Decides the result of each message of a batch, without I/O."""

from collections.abc import Callable, Mapping, Sequence

from worker.application.catalog_state import CatalogState
from worker.application.commands import Command, CommandMessage, CreateCar
from worker.application.outcomes import Decision, Failure, Outcome, Result
from worker.application.use_cases.create_car import create_again, create_car
from worker.application.use_cases.observe import observe
from worker.application.use_cases.wait_for_car import wait_for_car
from worker.domain.entities.early_observation import EarlyObservation
from worker.domain.error_code import ErrorCode
from worker.domain.errors import CommandRefusedError
from worker.domain.value_objects.message_identity import MessageIdentity

Dispatch = Callable[[Command, CatalogState], Decision]


def dispatch(command: Command, catalog: CatalogState) -> Decision:
    """Calls the use case of a command; whatever comes before its car waits for it."""
    car = catalog.cars.get(command.car_id)
    if isinstance(command, CreateCar):
        if car is not None:
            return create_again(command, car)
        return create_car(command, catalog.waiting.of(command.car_id), catalog.plan_in_place)
    said = command.observation
    if car is None:
        early = EarlyObservation(command.car_id, said)
        return wait_for_car(early, catalog.waiting.get(early))
    return observe(car, said, catalog.plan_in_place(said))


def decide_batch(
    batch: Sequence[CommandMessage],
    recorded: Mapping[MessageIdentity, bytes],
    catalog: CatalogState,
    dispatch: Dispatch = dispatch,
) -> list[Result]:
    """Decides the messages in order and applies their changes to `catalog`.

    A failed message changes nothing, so that a later copy of it is decided independently.
    """
    digests = dict(recorded)
    results = []
    for message in batch:
        result = _decide(message, digests, catalog, dispatch)
        if isinstance(result, Outcome):
            digests[message.identity] = message.digest
            if message.replaces is not None:
                digests[message.replaces.identity] = message.replaces.digest
        results.append(result)
    return results


def _decide(
    message: CommandMessage,
    recorded: Mapping[MessageIdentity, bytes],
    catalog: CatalogState,
    dispatch: Dispatch,
) -> Result:
    digest = recorded.get(message.identity)
    if digest == message.digest:
        return Outcome.DUPLICATE
    if digest is not None:
        return _reused(message.identity, "was used before for another command")
    if message.replaces is not None and message.replaces.identity in recorded:
        return _reused(message.replaces.identity, "was applied before this edit of it")
    try:
        decision = dispatch(message.command, catalog)
    except CommandRefusedError as refusal:
        return Failure(refusal.code, refusal.detail)
    except Exception as bug:  # noqa: BLE001 - a bug of ours must affect only this message
        return Failure.from_bug(bug, "handling it")
    catalog.note(decision)
    return decision.outcome


def _reused(identity: MessageIdentity, how: str) -> Failure:
    source, message_id = identity
    return Failure(
        ErrorCode.MESSAGE_ID_REUSED, f"message id {message_id!r} of source {source!r} {how}"
    )
