import json
from collections.abc import Collection, Mapping, Sequence

from pamqp.commands import Basic

from tests.support.messages import clock
from tests.support.settling import RecordingChannel, ScriptedPublisher, Silent
from worker.application.commands import CommandMessage
from worker.application.outcomes import Outcome, Result
from worker.infra.messaging.batching import Batching
from worker.infra.messaging.decoding import Decoder
from worker.infra.messaging.delivery import Delivery
from worker.infra.messaging.settling import Settler

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

    async def count(self, fingerprints: Collection[bytes]) -> Mapping[bytes, int]:
        return {fingerprint: self._trials[fingerprint] for fingerprint in fingerprints}

    async def begin(self, fingerprints: Collection[bytes]) -> Mapping[bytes, int]:
        return {fingerprint: self._trials[fingerprint] + 1 for fingerprint in fingerprints}

    async def end(self, fingerprints: Collection[bytes]) -> None: ...


def suspect(tag: int, car_id: str, channel: RecordingChannel) -> Delivery:
    properties = Basic.Properties(
        message_id=car_id,
        message_type=TYPE,
        content_type="application/json",
        headers={"x-delivery-count": 5},
    )
    body = json.dumps({"car_id": car_id, **CAR}).encode()
    return Delivery(tag, body, properties, "inventory.events", TYPE, channel, redelivered=True)


async def test_a_suspect_with_few_trials_goes_before_one_with_many() -> None:
    channel = RecordingChannel()
    so_far = {"struck": 4, "spared": 2, "grazed": 3, "fresh": 0, "new": 1}
    suspects = [suspect(tag, car_id, channel) for tag, car_id in enumerate(so_far)]
    trials = dict(zip((each.fingerprint for each in suspects), so_far.values(), strict=True))
    begun: list[list[str]] = []

    async def apply(messages: Sequence[CommandMessage]) -> list[Result]:
        begun.append([message.command.car_id for message in messages])
        if len(begun) == len(so_far) - 1:  # two of them share a trial
            batching.finish()
        return [Outcome.APPLIED] * len(messages)

    batching = Batching(
        apply=apply,
        settler=Settler(ScriptedPublisher(channel), (), Silent(), clock),
        trials=TrialsSoFar(trials),
        decoder=Decoder(clock),
        observer=Silent(),
        batch_size=10,
    )
    for each in suspects:
        batching.deliver(each)
    await batching.run()

    assert begun == [["fresh", "new"], ["spared"], ["grazed"], ["struck"]]
