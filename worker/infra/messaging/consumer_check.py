"""Compares the consumers that RabbitMQ counts with the workers that say they consume."""

import asyncio

from worker.infra.check import Check
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.connection import BROKER_ERRORS, in_brief
from worker.infra.messaging.names import MAIN_QUEUE
from worker.infra.messaging.queue_depths import read_depths

NAME = f"consumers of queue {MAIN_QUEUE}"
_LOOKS = 3


async def check_consumers(url: str, consuming: int, durations: Durations) -> Check:
    """`consuming` workers say that they do. Where none does, no consumer is expected.

    Looks again before it tells: a leader that answers late counts as one without consumers.
    """
    try:
        for _ in range(_LOOKS if consuming else 0):
            [depth] = await read_depths(url, [MAIN_QUEUE], durations)
            if depth.consumers:
                return Check(NAME, None)
            await asyncio.sleep(durations.consumer_recount)
    except BROKER_ERRORS as error:
        return Check(NAME, in_brief(error), is_warning=True)
    told = "1 worker says that it consumes" if consuming == 1 else f"{consuming} say that they do"
    problem = (
        f"RabbitMQ knows none, and {told}: a worker finds that within two minutes and subscribes "
        "anew; restart one that does not"
    )
    return Check(NAME, problem if consuming else None)
