"""The names of our exchanges and queues."""

from worker.infra.messaging.retry_delays import RetryDelay

EVENTS_EXCHANGE = "inventory.events"
"""Publishers publish here, with the type of the message as routing key."""

WORKER_EXCHANGE = "inventory-worker"
"""Routes retries, replays and dead letters, with the name of the queue as routing key."""

MAIN_QUEUE = "inventory-worker"
DEAD_LETTER_QUEUE = "inventory-worker.dead-letters"

DATABASE_ARGUMENT = "x-inventory-worker-database"
"""The argument of our consumers that tells which database they write to."""


def retry_queue(delay: RetryDelay) -> str:
    """The queue that keeps messages for this delay."""
    return f"inventory-worker.retry.{delay.text}"
