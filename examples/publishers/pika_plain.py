"""Publish one event with pika: id and type in the AMQP properties.

RABBITMQ_URL=amqp://user:password@host:5672/vhost \
    python pika_plain.py inventory.car-created.v1 < car.json
"""

import hashlib
import os
import sys
import time

import pika
from pika.exceptions import AMQPError, NackError, UnroutableError

EXCHANGE = "inventory.events"
SOURCE = "/examples/pika"


def stable_id(event_type: str, body: bytes) -> str:
    """The same id whenever the same event is sent again, and only then.

    An outbox table does as well: take the key of the row.
    """
    return hashlib.sha256(f"{SOURCE}\n{event_type}\n".encode() + body).hexdigest()[:32]


def publish(url: str, event_type: str, body: bytes) -> str:
    """Return the message id once the broker has the event on disk."""
    properties = pika.BasicProperties(
        message_id=stable_id(event_type, body),
        type=event_type,
        app_id=SOURCE,
        timestamp=int(time.time()),
        content_type="application/json",
        delivery_mode=pika.DeliveryMode.Persistent,
    )
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish(EXCHANGE, event_type, body, properties, mandatory=True)
    return str(properties.message_id)


def main() -> None:
    """Exit with 1 and one line on stderr where the event is not safe."""
    event_type, body = sys.argv[1], sys.stdin.buffer.read()
    try:
        print(publish(os.environ["RABBITMQ_URL"], event_type, body))
    except UnroutableError:
        sys.exit(f"returned: no queue takes {event_type}; is it spelt right, has a worker run?")
    except NackError:
        sys.exit("refused by the broker: send the event again later, with the same id")
    except AMQPError as error:
        sys.exit(f"not confirmed, send the event again with the same id: {error!r}")


if __name__ == "__main__":
    main()
