"""A `Batching` without servers, and what comes out of it."""

import asyncio
from collections.abc import Sequence

from pamqp.commands import Basic

from tests.support.car_events import creation
from tests.support.messages import clock
from tests.support.noting_decoder import NotingDecoder
from tests.support.settling import LosableChannel, Silent
from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure
from worker.infra.clocks import Clocks
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.consuming.batching import Batching
from worker.infra.messaging.consuming.holding import Holding
from worker.infra.messaging.consuming.inbox import Inbox
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.consuming.suspects import Suspects, Try

DURATIONS = Durations(linger=60, linger_step=0.001, first_pause=1e-9, longest_pause=1e-9)


class HandledSuspects(Suspects):
    """Tries what it is given at once, and finishes then if it shall."""

    def __init__(self, finishing: asyncio.Event) -> None:
        self.finishing = finishing
        self.sizes: list[int] = []
        self.finishes = False

    async def handle(self, suspects: Sequence[Delivery], try_: Try) -> None:
        self.sizes.append(len(suspects))
        await try_(suspects)
        if self.finishes:
            self.finishing.set()


class FinishingChannel(LosableChannel):
    """Finishes once it is given up."""

    def __init__(self, finishing: asyncio.Event) -> None:
        super().__init__()
        self._finishing = finishing

    def give_up(self, reason: str) -> None:
        super().give_up(reason)
        self._finishing.set()


class Running:
    """A batching, and the batches that came out of it."""

    def __init__(self, batch_size: int = 3) -> None:
        self.finishing = asyncio.Event()
        self.suspects = HandledSuspects(self.finishing)
        self.batches: list[list[str]] = []
        self.contents: list[CommandMessage | Failure] = []
        self.finish_after = 1
        self.clocks = Clocks(DURATIONS.clocks_apart, clock().timestamp, lambda: 0.0)
        self.channel = FinishingChannel(self.finishing)
        self.decoder = NotingDecoder()
        self.decoded_after: list[int] = []
        self.inbox = Inbox(DURATIONS, self.decoder)
        self.holding = Holding(Silent(), self.finishing, DURATIONS)
        self.batching = Batching(
            inbox=self.inbox,
            suspects=self.suspects,
            holding=self.holding,
            clocks=self.clocks,
            batch_size=batch_size,
            finishing=self.finishing,
        )
        self.batching.send_to(self._process)

    def deliver(self, *car_ids: str, deliveries_before: int = 0, body: bytes | None = None) -> None:
        for car_id in car_ids:
            self.batching.deliver(self._delivery(car_id, deliveries_before, body))

    def receive(self, car_id: str, deliveries_before: int = 0) -> Received:
        """A message that is in no batch of these."""
        return self.inbox.receive(self._delivery(car_id, deliveries_before))

    def _delivery(
        self, car_id: str, deliveries_before: int = 0, body: bytes | None = None
    ) -> Delivery:
        event = creation(car_id)
        properties = Basic.Properties(
            message_id=car_id,
            message_type=event.type,
            headers={"x-delivery-count": deliveries_before},
        )
        message = Message(body or event.body, properties, "inventory.events", event.type)
        return Delivery(message, 1, self.channel, redelivered=deliveries_before > 0)

    async def run(self, batches: int) -> None:
        self.finish_after = batches
        async with asyncio.timeout(10):
            await self.batching.run()

    async def _process(self, batch: Sequence[Received]) -> None:
        await asyncio.sleep(0)  # as for an answer of PostgreSQL
        self.decoded_after.append(self.decoder.decoded)
        self.contents += [item.content for item in batch]
        ids = [item.delivery.message.properties.message_id for item in batch]
        self.batches.append([str(id_) for id_ in ids])
        if len(self.batches) == self.finish_after:
            self.batching.finish()
