import asyncio

from dev.servers import Servers
from tests.support.broker import Broker
from tests.support.histories import Event
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.consuming.subscription import Subscription

LARGER_THAN_A_FRAME = 300_000


def event(number: int, text: str = "") -> Event:
    return Event("inventory.price-changed.v1", "/test", f"m-{number}", {"text": text})


async def test_deliveries_come_whole_and_without_a_task_for_each(
    empty: Servers, broker: Broker
) -> None:
    """A task for each would mean the long way through aiormq, which takes much more CPU."""
    events = [event(0, "x" * LARGER_THAN_A_FRAME), *(event(i) for i in range(1, 20))]
    bodies: list[bytes] = []
    tasks = set()
    all_there = asyncio.Event()

    def on_delivery(delivery: Delivery) -> None:
        bodies.append(delivery.message.body)
        tasks.add(asyncio.current_task())
        if len(bodies) == len(events):
            all_there.set()

    subscription = await Subscription.open(
        empty.rabbitmq_url, prefetch=100, delays=(), on_delivery=on_delivery
    )
    try:
        await broker.publish(events)
        await asyncio.wait_for(all_there.wait(), timeout=10)
    finally:
        await subscription.close()

    assert bodies == [event.body for event in events]
    assert len(tasks) == 1
