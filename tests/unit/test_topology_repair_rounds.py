import asyncio
from contextlib import suppress

from structlog.testing import capture_logs
from typing_extensions import override

from worker.infra.durations import Durations
from worker.infra.messaging.topology_repair import TopologyRepair


class ClosingUnderIt(TopologyRepair):
    """Its connection closes in the first round; aiormq then cancels whoever waits on it."""

    def __init__(self) -> None:
        super().__init__(lambda: "amqp://nowhere/", (), Durations(redeclare_every=0.001))
        self.rounds = 0
        self.third_round = asyncio.Event()

    @override
    async def repair(self) -> list[str]:
        self.rounds += 1
        if self.rounds == 1:
            raise asyncio.CancelledError
        if self.rounds == 3:
            self.third_round.set()
        return []


async def test_a_connection_that_closes_ends_one_round_and_not_the_repair() -> None:
    repair = ClosingUnderIt()

    with capture_logs() as logs:
        running = asyncio.create_task(repair.run())
        async with asyncio.timeout(10):
            await repair.third_round.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    assert [log["event"] for log in logs] == ["declaring queues and bindings again failed"]
