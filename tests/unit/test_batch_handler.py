import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.car_events import creation, price_change
from tests.support.letters import dead_letter
from tests.support.messages import message_of
from tests.support.settling import Listening, LosableChannel, delivery_of
from worker.application.batch import Content, DeadLetterOf
from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure, Outcome, Result
from worker.domain.error_code import ErrorCode
from worker.domain.ports.dead_letter_records import DeadLetterRecord
from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.infra.durations import Durations
from worker.infra.messaging.consuming.batch_handler import Apply, BatchHandler
from worker.infra.messaging.consuming.holding import Holding
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.consuming.store_retry import StoreRetry
from worker.infra.messaging.dead_letters.records import to_record

BAD, WORSE = Failure(ErrorCode.INVALID_EVENT, "bad"), Failure(ErrorCode.TOO_LARGE, "worse")
CREATED, PRICED = message_of(creation("a")), message_of(price_change("a"))
FIRST, SECOND = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


class KeepingSettler:
    def __init__(self) -> None:
        self.settled: list[tuple[Received, Result]] = []

    def settle(self, settled: Sequence[tuple[Received, Result]]) -> None:
        self.settled += settled

    async def settle_failure(self, received: Received, failure: Failure) -> bool:
        raise AssertionError(received, failure)


@pytest.fixture
def channel() -> LosableChannel:
    return LosableChannel()


@pytest.fixture
def settler() -> KeepingSettler:
    return KeepingSettler()


@pytest.fixture
def observer() -> Listening:
    return Listening()


def handling(apply: Apply, settler: KeepingSettler, observer: Listening) -> BatchHandler:
    durations = Durations(first_pause=0.001, longest_pause=0.001)
    finishing = asyncio.Event()
    retry = StoreRetry(observer, finishing, durations)
    holding = Holding(observer, finishing, durations)
    return BatchHandler(apply, settler, record_of, retry, holding, observer)


def record_of(received: Received, failure: Failure) -> DeadLetterRecord:
    """A record that names the message and its failure."""
    letter = dead_letter(str(received.delivery.tag), x_error_code=failure.code)
    return to_record(letter)


def received(
    content: CommandMessage | Failure, channel: LosableChannel, **properties: Any
) -> Received:
    return Received(delivery_of(1, channel, **properties), content)


async def test_failures_and_commands_are_applied_together(
    channel: LosableChannel, settler: KeepingSettler, observer: Listening
) -> None:
    async def apply(contents: Sequence[Content], dead_letter_of: DeadLetterOf) -> list[Result]:
        assert contents == [BAD, CREATED, WORSE, PRICED]
        records = [dead_letter_of(place, failure) for place, failure in ((0, BAD), (3, WORSE))]
        assert [record and (record.handle, record.code) for record in records] == [
            ("1", "invalid-event"),
            ("4", "too-large"),
        ]
        return [BAD, Outcome.APPLIED, WORSE, WORSE]

    contents: list[Content] = [BAD, CREATED, WORSE, PRICED]
    batch = [
        Received(delivery_of(tag, channel), content) for tag, content in enumerate(contents, 1)
    ]

    results = await handling(apply, settler, observer).apply(batch)

    assert results == [BAD, Outcome.APPLIED, WORSE, WORSE]
    assert observer.store_problems == [None]


async def test_a_batch_of_failures_alone_does_not_show_that_the_store_takes_work(
    channel: LosableChannel, settler: KeepingSettler, observer: Listening
) -> None:
    async def apply(_: Sequence[Content], __: DeadLetterOf) -> list[Result]:
        return [BAD]

    await handling(apply, settler, observer).apply([received(BAD, channel)])

    assert observer.store_problems == []


async def test_a_batch_that_is_lost_while_the_store_is_away_has_no_results(
    channel: LosableChannel, settler: KeepingSettler, observer: Listening
) -> None:
    async def apply(messages: Sequence[Content], _: DeadLetterOf) -> list[Result]:
        channel.is_lost = True
        raise StoreUnavailableError(str(messages))

    handler = handling(apply, settler, observer)

    async with asyncio.timeout(10):
        assert await handler.apply([received(BAD, channel), received(CREATED, channel)]) is None


async def test_a_settled_batch_is_told_by_type_result_and_age(
    channel: LosableChannel, settler: KeepingSettler, observer: Listening
) -> None:
    async def apply(messages: Sequence[Content], _: DeadLetterOf) -> list[Result]:
        raise AssertionError(messages)

    batch = [
        received(PRICED, channel, timestamp=SECOND),
        received(CREATED, channel, timestamp=FIRST),
        received(BAD, channel),
    ]
    results: list[Result] = [Outcome.APPLIED, Outcome.DUPLICATE, BAD]

    await handling(apply, settler, observer).settle(batch, results, 1.5)

    types = (PRICED.type, CREATED.type, "invalid")
    assert observer.settled == [(list(zip(types, results, strict=True)), 1.5)]
    assert observer.lags == [(CREATED.command.occurred_at, FIRST)]
    assert settler.settled == list(zip(batch, results, strict=True))


async def test_a_batch_that_tells_no_time_has_no_age(
    channel: LosableChannel, settler: KeepingSettler, observer: Listening
) -> None:
    async def apply(messages: Sequence[Content], _: DeadLetterOf) -> list[Result]:
        raise AssertionError(messages)

    await handling(apply, settler, observer).settle([received(BAD, channel)], [BAD], 0)

    assert observer.lags == [(None, None)]


def test_only_a_message_that_was_read_tells_its_car(channel: LosableChannel) -> None:
    assert received(CREATED, channel).car_id == "a"
    assert received(BAD, channel).car_id is None
