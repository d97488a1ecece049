"""What one release of RabbitMQ refuses and another passes on: in both the worker goes on."""

import pytest
from aiormq.exceptions import AMQPError

from tests.bad_input.conftest import Running, assert_undisturbed, look
from tests.bad_input.row import Message, Row
from tests.support.raw_publisher import header, raw_publisher, short, table, text_header

UNHEARD_OF = {
    "delivery-mode-0": Row(None, properties={"delivery_mode": b"\x00"}),
    "delivery-mode-7": Row(None, properties={"delivery_mode": b"\x07"}),
    "expiration-no-number": Row(None, properties={"expiration": short(b"soon")}),
    "somebody-elses-user-id": Row(None, properties={"user_id": short(b"somebody-else")}),
    "copies-to-no-list": Row(None, properties={"headers": table(text_header(b"CC", b"elsewhere"))}),
    "header-of-no-type": Row(None, properties={"headers": table(header(b"k", b"Z", b""))}),
}


async def publish_or_be_refused(running: Running, message: Message) -> bool:
    """Tells whether the broker took it; what it refuses costs the publisher its channel."""
    try:
        async with raw_publisher(running.servers.rabbitmq_url) as publisher:
            await publisher.publish(message.body, message.properties, message.routing_key)
    except AMQPError:
        return False
    return True


@pytest.mark.parametrize("name", UNHEARD_OF)
async def test_it_is_refused_or_applied_and_the_next_message_is_applied(
    name: str, running: Running
) -> None:
    before = sum(running.worker.count_results().values())

    taken = await publish_or_be_refused(running, UNHEARD_OF[name].message(name))
    assert await publish_or_be_refused(running, Row(None).message(f"after-{name}"))

    running.worker.wait_results(before + 1 + taken)
    cars = (await look(running.servers)).cars
    assert f"after-{name}" in cars
    assert (name in cars) == taken
    assert_undisturbed(running)
