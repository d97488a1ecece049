from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from pamqp.commands import Basic
from pamqp.common import FieldTable

from tests.support.messages import clock, message_with
from tests.support.units_of_work import unit_of_work
from worker.application.apply_batch import REPLACED, ApplyBatch
from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure, Outcome
from worker.domain.error_code import ErrorCode
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.db.engine import Sessions
from worker.infra.db.models import ProcessedMessageModel
from worker.infra.memory.unit_of_work import InMemoryUnitOfWork, MemoryStore
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.amqp.republished import republished_properties
from worker.infra.messaging.events.decoding import Decoder
from worker.infra.messaging.events.invalid_message import InvalidMessageError
from worker.infra.messaging.events.replacement import replacement_header
from worker.infra.messaging.headers import REPLACES
from worker.infra.messaging.history import History
from worker.infra.messaging.names import EVENTS_EXCHANGE, WORKER_EXCHANGE

ORIGINAL = MessageIdentity("/s", "original")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def created(message_id: str, headers: FieldTable | None = None, year: int = 2020) -> Message:
    body = (
        '{"car_id": "a", "make": "Nissan", "model": "Versa", "year": %d,'
        ' "price_mxn": "100.00", "occurred_at": "2026-01-01T00:00:00Z"}'
    )
    properties = Basic.Properties(
        message_id=message_id,
        message_type="inventory.car-created.v1",
        app_id="/s",
        headers=headers,
    )
    return message_with((body % year).encode(), properties, WORKER_EXCHANGE)


def decode(message: Message) -> CommandMessage:
    return Decoder(clock).decode(message)


def edit(message_id: str = "edit", year: int = 2021) -> CommandMessage:
    header = replacement_header(ORIGINAL, decode(created("original")).digest)
    return decode(created(message_id, {REPLACES: header}, year))


@pytest.fixture
def apply() -> ApplyBatch:
    return ApplyBatch(partial(InMemoryUnitOfWork, MemoryStore()))


async def test_the_original_is_a_duplicate_once_its_edit_was_applied(apply: ApplyBatch) -> None:
    original = decode(created("original"))

    assert await apply([edit()]) == [Outcome.APPLIED]
    assert await apply([original]) == [Outcome.DUPLICATE]


async def test_an_edit_is_refused_once_its_original_was_applied(apply: ApplyBatch) -> None:
    original = decode(created("original"))

    [applied, refused] = await apply([original, edit()])

    assert applied is Outcome.APPLIED
    assert isinstance(refused, Failure)
    assert refused.code is ErrorCode.MESSAGE_ID_REUSED
    assert "original" in refused.detail


async def test_of_two_edits_of_one_message_only_one_is_applied(apply: ApplyBatch) -> None:
    [first, second] = await apply([edit("edit-1", 2021), edit("edit-2", 2022)])

    assert first is Outcome.APPLIED
    assert isinstance(second, Failure)


async def test_an_edit_that_comes_twice_is_applied_once(apply: ApplyBatch) -> None:
    assert await apply([edit(), edit()]) == [Outcome.APPLIED, Outcome.DUPLICATE]
    assert await apply([edit()]) == [Outcome.DUPLICATE]


async def test_an_edit_that_fails_records_neither_id(apply: ApplyBatch) -> None:
    await apply([decode(created("another", year=2020))])

    [failure] = await apply([edit(year=2021)])

    assert isinstance(failure, Failure)
    assert failure.code is ErrorCode.CAR_ALREADY_EXISTS
    assert await apply([decode(created("original"))]) == [Outcome.APPLIED]


async def test_postgres_holds_both_ids_after_the_commit(sessions: Sessions) -> None:
    await ApplyBatch(partial(unit_of_work, sessions))([edit()])

    async with sessions() as session:
        replaced = await session.get(ProcessedMessageModel, ORIGINAL)
        edited = await session.get(ProcessedMessageModel, ("/s", "edit"))
    assert replaced is not None
    assert edited is not None
    assert (replaced.outcome, edited.outcome) == (REPLACED, Outcome.APPLIED)
    assert replaced.digest == decode(created("original")).digest


async def test_an_original_that_was_no_command_is_recorded_with_the_digest_of_its_edit() -> None:
    message = decode(created("edit", {REPLACES: replacement_header(ORIGINAL, None)}))

    assert message.replaces is not None
    assert message.replaces.digest == message.digest


async def test_a_publisher_cannot_replace_the_messages_of_others() -> None:
    forged = created("forged", {REPLACES: replacement_header(ORIGINAL, None)})
    published = replace(forged, exchange=EVENTS_EXCHANGE)

    assert decode(published).replaces is None


async def test_a_forged_replacement_does_not_survive_a_retry() -> None:
    forged = created("forged", {REPLACES: replacement_header(ORIGINAL, None)})
    published = replace(forged, exchange=EVENTS_EXCHANGE)

    assert REPLACES not in copied_headers(published)


async def test_an_edit_that_fails_again_still_names_what_it_replaces() -> None:
    header = replacement_header(ORIGINAL, b"\x01" * 16)

    assert copied_headers(created("edit", {REPLACES: header}))[REPLACES] == header


def copied_headers(message: Message) -> FieldTable:
    """The headers of the copy that goes on after a failure."""
    failure = Failure(ErrorCode.UNKNOWN_TYPE, "")
    bookkeeping = History.of(message, WORKER_EXCHANGE).headers_after(failure, NOW, "0")
    return republished_properties(message.properties, bookkeeping).headers or {}


@pytest.mark.parametrize(
    "header",
    [
        "original",
        {"source": "/s"},
        {"source": "/s", "message_id": "m", "digest": "no hex"},
        {"source": "/s", "message_id": "edit"},  # itself
    ],
)
async def test_a_replacement_that_cannot_be_read_is_an_invalid_event(header: FieldTable) -> None:
    with pytest.raises(InvalidMessageError) as caught:
        decode(created("edit", {REPLACES: header}))

    assert caught.value.failure.code is ErrorCode.INVALID_EVENT
