"""What RabbitMQ tells of a queue, asked on a connection that may close meanwhile."""

import aiormq
import pytest

from dev.servers import Servers
from worker.infra.messaging.amqp.connection import BROKER_ERRORS
from worker.infra.messaging.amqp.queue_counts import ask_leader, count_queue
from worker.infra.messaging.names import MAIN_QUEUE


async def test_a_question_on_a_connection_that_has_closed_is_an_error_of_the_broker(
    empty: Servers,
) -> None:
    """Whoever asks again and again ends for good by any other error."""
    connection = await aiormq.connect(empty.rabbitmq_url)
    await connection.close()

    for ask in (count_queue, ask_leader):
        with pytest.raises(BROKER_ERRORS):
            await ask(connection, MAIN_QUEUE)
