"""The worker with batches that bypass FastStream's pipeline."""

from typing import Any

from typing_extensions import override

from worker.cli.main import main
from worker.infra.messaging.consuming import inventory_events
from worker.infra.messaging.consuming.batch_subscriber import Batch, BatchSubscriber


class StraightSubscriber(BatchSubscriber):
    """Registered like the worker's; its batches skip the middlewares."""

    @override
    async def process(self, batch: Batch) -> None:
        [call] = self.calls
        handler: Any = call.handler
        await handler(batch)


if __name__ == "__main__":
    setattr(inventory_events, "BatchSubscriber", StraightSubscriber)  # noqa: B010 - the module exports no such name
    main()
