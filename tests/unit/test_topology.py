"""What is declared, word by word: queues with other arguments would need other names."""

from typing import Any, cast

import pytest
from faststream.rabbit import ExchangeType, QueueType, RabbitBroker, RabbitExchange, RabbitQueue

from worker.infra.messaging.consuming.batch_handler import BatchHandler
from worker.infra.messaging.consuming.inventory_events import subscribe_to_inventory_events
from worker.infra.messaging.names import EVENTS_EXCHANGE, WORKER_EXCHANGE
from worker.infra.messaging.retry_delays import parse_retry_delays
from worker.infra.messaging.topology import declare_topology, queue_specs

DELAYS = parse_retry_delays("5s,2m")
NEVER_DROPPED: dict[str, object] = {"x-delivery-limit": 1_000_000_000}
EVENTS = (
    "inventory.car-created.v1",
    "inventory.price-changed.v1",
    "inventory.car-withdrawn.v1",
    "inventory.financing-plan-offered.v1",
)


def dead_lettering_to(queue: str) -> dict[str, object]:
    return {
        "x-dead-letter-exchange": "inventory-worker",
        "x-dead-letter-routing-key": queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


ARGUMENTS: dict[str, dict[str, object]] = {
    "inventory-worker.dead-letters": NEVER_DROPPED,
    "inventory-worker": NEVER_DROPPED | dead_lettering_to("inventory-worker.dead-letters"),
    "inventory-worker.retry.5s": {**dead_lettering_to("inventory-worker"), "x-message-ttl": 5_000},
    "inventory-worker.retry.2m": {
        **dead_lettering_to("inventory-worker"),
        "x-message-ttl": 120_000,
    },
}


class RecordingBroker(RabbitBroker):
    """Declares nothing, and notes what it was asked to declare."""

    def __init__(self) -> None:
        super().__init__("amqp://127.0.0.1:1/", logger=None)
        self.exchanges: list[RabbitExchange] = []
        self.queues: list[RabbitQueue] = []
        self.bindings: list[tuple[str, Any, str, bool]] = []

    async def declare_exchange(self, exchange: RabbitExchange) -> Any:
        self.exchanges.append(exchange)
        return exchange.name

    async def declare_queue(self, queue: RabbitQueue) -> Any:
        self.queues.append(queue)
        return Binding(self, queue.name)


class Binding:
    def __init__(self, broker: RecordingBroker, queue: str) -> None:
        self._broker, self._queue = broker, queue

    async def bind(self, exchange: object, routing_key: str, *, robust: bool) -> None:
        self._broker.bindings.append((self._queue, exchange, routing_key, robust))


@pytest.fixture
async def broker() -> RecordingBroker:
    broker = RecordingBroker()
    await declare_topology(broker, DELAYS)
    return broker


def test_the_dead_letters_come_first_so_that_what_fails_into_them_has_a_place() -> None:
    assert [spec.name for spec in queue_specs(DELAYS)] == [*ARGUMENTS]


async def test_queues_survive_the_broker_and_are_declared_by_each_subscription_anew(
    broker: RecordingBroker,
) -> None:
    kept = [(queue.name, queue.durable, queue.robust) for queue in broker.queues]

    assert kept == [(name, True, False) for name in ARGUMENTS]
    for queue in broker.queues:
        assert queue.arguments == {"x-queue-type": QueueType.QUORUM, **ARGUMENTS[queue.name]}


async def test_exchanges_survive_the_broker_too(broker: RecordingBroker) -> None:
    assert [(it.name, it.type, it.durable, it.robust) for it in broker.exchanges] == [
        (EVENTS_EXCHANGE, ExchangeType.TOPIC, True, False),
        (WORKER_EXCHANGE, ExchangeType.DIRECT, True, False),
    ]


async def test_each_queue_is_bound_by_its_name_and_the_main_one_by_all_events(
    broker: RecordingBroker,
) -> None:
    by_name = [(name, "inventory-worker", name, False) for name in ARGUMENTS]
    events = [("inventory-worker", "inventory.events", type_, False) for type_ in EVENTS]

    assert sorted(broker.bindings) == sorted([*by_name, *events])


async def test_the_subscriber_leaves_the_declaring_of_its_queue_to_the_topology() -> None:
    async def nothing(*_: object) -> None: ...

    subscriber = subscribe_to_inventory_events(
        RecordingBroker(), cast("BatchHandler", None), consume=nothing, cancel=nothing
    )

    queue = subscriber.queue
    assert (queue.name, queue.declare, queue.robust) == ("inventory-worker", False, False)
