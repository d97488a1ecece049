import asyncio
import json
from collections.abc import Collection, Mapping, Sequence

import pytest
from pamqp.commands import Basic
from pamqp.common import FieldValue

from tests.support.messages import NoSubscription, clock
from tests.support.settling import RecordingChannel, ScriptedPublisher, Silent
from worker.application.batch import Content, DeadLetterOf
from worker.application.commands import CommandMessage
from worker.application.outcomes import Outcome, Result
from worker.infra.clocks import Clocks
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.consuming.batch_handler import Apply, BatchHandler
from worker.infra.messaging.consuming.batch_subscriber import Batch
from worker.infra.messaging.consuming.batching import Batching
from worker.infra.messaging.consuming.holding import Holding
from worker.infra.messaging.consuming.inbox import Inbox
from worker.infra.messaging.consuming.settling import Settler
from worker.infra.messaging.consuming.store_retry import StoreRetry
from worker.infra.messaging.consuming.suspects import Suspects, is_suspect, trial_key
from worker.infra.messaging.events.decoding import Decoder

TYPE = "inventory.car-created.v1"
CAR = {
    "make": "Nissan",
    "model": "Versa",
    "year": 2020,
    "price_mxn": "1.00",
    "occurred_at": "2026-01-01T00:00:00Z",
}


class TrialsSoFar:
    """Trials that earlier workers began and did not live to end."""

    def __init__(self, trials: Mapping[bytes, int]) -> None:
        self._trials = dict(trials)

    async def count(self, keys: Collection[bytes]) -> Mapping[bytes, int]:
        return {key: self._trials[key] for key in keys}

    async def begin(self, keys: Collection[bytes]) -> Mapping[bytes, int]:
        return {key: self._trials[key] + 1 for key in keys}

    async def end(self, keys: Collection[bytes]) -> None: ...


def suspect(tag: int, car_id: str, channel: RecordingChannel) -> Delivery:
    properties = Basic.Properties(
        message_id=car_id,
        message_type=TYPE,
        content_type="application/json",
        headers={"x-delivery-count": 5},
    )
    body = json.dumps({"car_id": car_id, **CAR}).encode()
    message = Message(body, properties, "inventory.events", TYPE)
    return Delivery(message, tag, channel, redelivered=True)


def batching_with(apply: Apply, trials: TrialsSoFar, channel: RecordingChannel) -> Batching:
    """The parts of a worker around its servers, without FastStream between them."""
    finishing = asyncio.Event()
    store_retry = StoreRetry(Silent(), finishing, DEFAULT_DURATIONS)
    holding = Holding(Silent(), finishing, DEFAULT_DURATIONS)
    settler = Settler(ScriptedPublisher(channel), (), Silent(), clock, DEFAULT_DURATIONS)
    dead_letter_of = settler.dead_letter_of
    handler = BatchHandler(apply, settler, dead_letter_of, store_retry, holding, Silent())
    suspects = Suspects(
        trials=trials,
        give_up=handler.give_up,
        observer=Silent(),
        store_retry=store_retry,
        finishing=finishing,
    )

    async def process(batch: Batch) -> None:
        results = await handler.apply(batch)
        assert results is not None
        await handler.settle(batch, results, 0)

    batching = Batching(
        inbox=Inbox(DEFAULT_DURATIONS, Decoder(clock)),
        suspects=suspects,
        holding=holding,
        clocks=Clocks(DEFAULT_DURATIONS.clocks_apart),
        batch_size=10,
        finishing=finishing,
    )
    batching.send_to(process)
    return batching


async def test_a_suspect_with_few_trials_goes_before_one_with_many() -> None:
    channel = RecordingChannel()
    so_far = {"struck": 4, "spared": 2, "grazed": 3, "fresh": 0, "new": 1}
    suspects = [suspect(tag, car_id, channel) for tag, car_id in enumerate(so_far)]
    trials = dict(zip((trial_key(each.message) for each in suspects), so_far.values(), strict=True))
    begun: list[list[str]] = []

    async def apply(contents: Sequence[Content], _: DeadLetterOf) -> list[Result]:
        messages = [content for content in contents if isinstance(content, CommandMessage)]
        begun.append([message.command.car_id for message in messages])
        if len(begun) == len(so_far) - 1:  # two of them share a trial
            batching.finish()
        return [Outcome.APPLIED] * len(messages)

    batching = batching_with(apply, TrialsSoFar(trials), channel)
    for each in suspects:
        batching.deliver(each)
    async with asyncio.timeout(10):
        await batching.run()

    assert begun == [["fresh", "new"], ["spared"], ["grazed"], ["struck"]]


def delivered(count: FieldValue, *, redelivered: bool) -> Delivery:
    properties = Basic.Properties(headers={"x-delivery-count": count})
    return Delivery(Message(b"", properties, "", ""), 1, NoSubscription(), redelivered)


def test_a_message_delivered_for_the_third_time_is_a_suspect() -> None:
    assert is_suspect(delivered(2, redelivered=True))
    assert not is_suspect(delivered(1, redelivered=True))


def test_a_delivery_is_a_first_one_unless_it_says_otherwise() -> None:
    message = delivered(2, redelivered=True).message

    assert not is_suspect(Delivery(message, 1, NoSubscription()))


@pytest.mark.parametrize("count", [99, 2.0, "99", True, None, {"count": 99}])
def test_a_count_that_a_publisher_wrote_makes_no_suspect(count: FieldValue) -> None:
    assert not is_suspect(delivered(count, redelivered=False))


@pytest.mark.parametrize("count", ["99", True, None, {"count": 99}])
def test_a_count_that_is_no_number_makes_no_suspect(count: FieldValue) -> None:
    assert not is_suspect(delivered(count, redelivered=True))


def test_a_trial_key_tells_messages_apart_whatever_their_ids_hold() -> None:
    keys = [
        trial_key(Message(body, Basic.Properties(message_id=id_), "", ""))
        for body in (b"", b"\xff")
        for id_ in (None, "", "\udcff", "a")
    ]

    assert len(set(keys)) == len(keys)
