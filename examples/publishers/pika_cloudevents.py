"""Publish one CloudEvent with its SDK and pika, in binary or structured mode.

RABBITMQ_URL=amqp://user:password@host:5672/vhost \
    python pika_cloudevents.py binary inventory.car-created.v1 < car.json
"""

import hashlib
import json
import os
import sys
import time

import pika
from cloudevents.core.bindings.rabbitmq import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from pika.exceptions import AMQPError, NackError, UnroutableError

EXCHANGE = "inventory.events"
SOURCE = "/examples/cloudevents"
MODES = {"binary": to_binary_event, "structured": to_structured_event}


def stable_id(event_type: str, body: bytes) -> str:
    """The same id whenever the same event is sent again, and only then."""
    return hashlib.sha256(f"{SOURCE}\n{event_type}\n".encode() + body).hexdigest()[:32]


def publish(url: str, mode: str, event_type: str, body: bytes) -> str:
    """Return the id once the broker has the event on disk."""
    attributes = {
        "id": stable_id(event_type, body),
        "source": SOURCE,
        "type": event_type,
        "datacontenttype": "application/json",
    }
    message = MODES[mode](CloudEvent(attributes, json.loads(body)))
    properties = pika.BasicProperties(
        headers=message.headers,
        content_type=message.content_type,
        timestamp=int(time.time()),
        delivery_mode=pika.DeliveryMode.Persistent,
    )
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish(EXCHANGE, event_type, message.body, properties, mandatory=True)
    return attributes["id"]


def main() -> None:
    """Exit with 1 and one line on stderr where the event is not safe."""
    mode, event_type = sys.argv[1:3]
    try:
        print(publish(os.environ["RABBITMQ_URL"], mode, event_type, sys.stdin.buffer.read()))
    except UnroutableError:
        sys.exit(f"returned: no queue takes {event_type}; is it spelt right, has a worker run?")
    except NackError:
        sys.exit("refused by the broker: send the event again later, with the same id")
    except AMQPError as error:
        sys.exit(f"not confirmed, send the event again with the same id: {error!r}")


if __name__ == "__main__":
    main()
