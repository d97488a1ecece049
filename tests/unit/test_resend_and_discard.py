from collections.abc import Sequence

import pytest
from pamqp.commands import Basic

from tests.support.letters import dead_letter
from worker.domain.ports.dead_letter_audit import (
    AuditedMessage,
    DeadLetterAudit,
    SettledDeadLetter,
)
from worker.domain.value_objects.dead_letter_state import DeadLetterState
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.amqp.confirming_publisher import (
    BrokerUnavailableError,
    ConfirmingPublisher,
)
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.discard import Discard
from worker.infra.messaging.dead_letters.replayed import replayed
from worker.infra.messaging.dead_letters.resend import Outgoing, Resend


class Steps(DeadLetterAudit):
    """Notes the order in which things are done."""

    def __init__(self) -> None:
        self.said: list[tuple[str, list[str]]] = []
        self.audited: list[SettledDeadLetter] = []

    async def announce(self, letters: Sequence[bytes]) -> None:
        self.said.append(("announced", [f"{len(letters)}"]))

    async def add(self, letters: Sequence[SettledDeadLetter]) -> None:
        self.audited.extend(letters)
        self.said.append(("audited", [letter.message.message_id for letter in letters]))

    async def acknowledge(self, letters: Sequence[DeadLetter]) -> None:
        self.said.append(("acknowledged", [letter.handle for letter in letters]))

    def done(self, sent: Sequence[Outgoing]) -> None:
        self.said.append(("done", [item.letter.handle for item in sent]))


class Publisher(ConfirmingPublisher):
    def __init__(self, steps: Steps) -> None:
        super().__init__(
            lambda: "amqp://nowhere", exchange="", name="", durations=DEFAULT_DURATIONS
        )
        self._steps = steps

    async def publish(self, body: bytes, properties: Basic.Properties, routing_key: str) -> None:
        assert body == b'{"car_id": "car-1"}'
        if properties.message_id == "refused":
            raise BrokerUnavailableError("refused")
        self._steps.said.append((f"published to {routing_key}", [str(properties.message_id)]))


def resend(steps: Steps) -> Resend:
    return Resend(
        Publisher(steps),
        steps,
        lambda letter: Outgoing(letter, replayed(letter), f"as-{letter.handle}"),
        steps.done,
    )


async def test_a_letter_leaves_its_queue_only_once_it_is_announced_published_and_audited() -> None:
    steps = Steps()

    await resend(steps)([dead_letter("a")], steps.acknowledge)

    assert steps.said == [
        ("announced", ["1"]),
        ("published to inventory-worker", ["a"]),
        ("audited", ["a"]),
        ("acknowledged", ["a"]),
        ("done", ["a"]),
    ]
    message = AuditedMessage("/dealers", "a", "invalid-event", "as-a")
    key = dead_letter("a").key
    assert steps.audited == [SettledDeadLetter(key, DeadLetterState.REPLACED, message)]


async def test_one_that_cannot_be_sent_stays_and_the_others_are_finished_first() -> None:
    steps = Steps()

    with pytest.raises(BrokerUnavailableError):
        await resend(steps)([dead_letter(id_) for id_ in ("a", "refused", "b")], steps.acknowledge)

    assert steps.said[-3:] == [
        ("audited", ["a", "b"]),
        ("acknowledged", ["a", "b"]),
        ("done", ["a", "b"]),
    ]


async def test_where_none_could_be_sent_nothing_is_audited() -> None:
    steps = Steps()

    with pytest.raises(BrokerUnavailableError):
        await resend(steps)([dead_letter("refused")], steps.acknowledge)

    assert steps.said == [("announced", ["1"])]


async def test_a_discarded_letter_is_audited_before_it_leaves_its_queue() -> None:
    steps = Steps()
    done: list[int] = []

    await Discard(steps, done.append)([dead_letter("a"), dead_letter("b")], steps.acknowledge)

    assert steps.said == [("audited", ["a", "b"]), ("acknowledged", ["a", "b"])]
    message = AuditedMessage("/dealers", "a", "invalid-event")
    key = dead_letter("a").key
    assert steps.audited[0] == SettledDeadLetter(key, DeadLetterState.DISCARDED, message)
    assert done == [2]
