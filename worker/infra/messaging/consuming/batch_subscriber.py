"""A batch subscriber for RabbitMQ, like FastStream's for Kafka, Redis and NATS.

Only this file uses private names of FastStream; `tests/integration/test_batch_subscriber.py` pins
them. `docs/decisions/0002-deliveries.md` has the costs and the measurements.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from aiormq import Channel as AmqpChannel
from faststream import AckPolicy, StreamMessage
from faststream._internal.broker.registrator import Registrator
from faststream._internal.endpoint.subscriber import SubscriberUsecase
from faststream._internal.endpoint.subscriber.call_item import CallsCollection
from faststream.rabbit import RabbitBroker, RabbitExchange, RabbitQueue
from faststream.rabbit.subscriber.config import (
    RabbitSubscriberConfig,
    RabbitSubscriberSpecificationConfig,
)
from faststream.rabbit.subscriber.specification import RabbitSubscriberSpecification
from faststream.rabbit.subscriber.usecase import RabbitSubscriber
from typing_extensions import override

from worker.infra.messaging.consuming.received import Received

if TYPE_CHECKING:
    from faststream.rabbit.configs import RabbitBrokerConfig

Batch = Sequence[Received]


class BatchSubscriber(RabbitSubscriber):
    """Passes batches through the broker's middlewares to one handler.

    `consume` and `cancel` start and stop the deliveries on the channel that the broker opened;
    `Batching` calls `process` with each batch. Nothing is acknowledged here.
    """

    def __init__(
        self,
        broker: RabbitBroker,
        queue: RabbitQueue,
        *,
        consume: Callable[[AmqpChannel], Awaitable[None]],
        cancel: Callable[[], Awaitable[None]],
    ) -> None:
        outer = cast("RabbitBrokerConfig", broker.config)
        exchange, calls = RabbitExchange(), CallsCollection[Any]()
        super().__init__(
            RabbitSubscriberConfig(
                queue=queue,
                exchange=exchange,
                no_reply=True,
                _ack_policy=AckPolicy.MANUAL,
                _outer_config=outer,
            ),
            RabbitSubscriberSpecification(
                _outer_config=outer,
                specification_config=RabbitSubscriberSpecificationConfig(
                    queue=queue,
                    exchange=exchange,
                    title_=None,
                    description_=None,
                    include_in_schema=False,  # the contract is `contract/asyncapi.yaml`
                ),
                calls=calls,
            ),
            calls,
        )
        self._parser, self._decoder = _parse_batch, decode_batch
        self._consume_on, self._cancel = consume, cancel
        Registrator.subscriber(broker, self)

    @override
    async def start(self) -> None:
        """Prepares the handler and starts the deliveries; called by `broker.start()`."""
        await SubscriberUsecase.start(self)
        queue = await self._outer_config.declarer.declare_queue(self.queue)
        channel = await queue.channel.get_underlay_channel()
        assert isinstance(channel, AmqpChannel)
        await self._consume_on(channel)
        self._post_start()

    @override
    async def stop(self) -> None:
        """Stops the deliveries without waiting for handlers; called by `broker.stop()`."""
        self.running = False
        await self._cancel()

    async def process(self, batch: Batch) -> None:
        """Passes a batch through the middlewares and the handler; their errors propagate.

        FastStream keeps the message in a context variable, and each timer that the handler's
        libraries start keeps a copy of the context: asyncpg's for 5 minutes. So the list of
        messages is emptied once it is handled.
        """
        messages = list(batch)
        try:
            await self.process_message(cast("Any", messages))
        finally:
            messages.clear()


async def _parse_batch(batch: Batch) -> StreamMessage[Batch]:
    return StreamMessage(batch, batch)


async def decode_batch(message: StreamMessage[Batch]) -> Batch:
    """Returns the decoded batch; FastStream recognizes a batch decoder by this name."""
    return message.raw_message
