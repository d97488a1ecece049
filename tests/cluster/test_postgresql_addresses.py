"""The primary is another server than before, while the old one still answers, or says nothing."""

import asyncio
import time

import pytest

from tests.cluster.postgresql_drill import PairDrill

pytestmark = pytest.mark.slow

AFTER_PROMOTION_SECONDS = 10
FROZEN_HOST_SECONDS = 15
READ_ONLY = "ALTER SYSTEM SET default_transaction_read_only = on"


async def test_demoted_primary_alive_as_standby(pair_drill: PairDrill) -> None:
    drill, pair = pair_drill, pair_drill.pair
    drill.start_workers(2)

    async with drill.steady_load():
        await asyncio.to_thread(pair.primary.stop)
        drill.faults += 1
        await pair.promote()
        began = time.monotonic()
        await pair.rejoin()
        await drill.recovery(began)

    assert drill.recoveries[-1] < AFTER_PROMOTION_SECONDS
    assert (await drill.verdict()).harm == (0, 0, 0)


async def test_address_moved_with_old_connections_open(pair_drill: PairDrill) -> None:
    """The old primary goes on to answer, and only reads."""
    drill, pair = pair_drill, pair_drill.pair
    drill.start_workers(2, DATABASE_URL=drill.site.address_url)

    async with drill.steady_load():
        await pair.fetch(READ_ONLY)
        await pair.fetch("SELECT pg_reload_conf()")
        drill.faults += 1
        await drill.until_worker_logs("read-only transaction")
        await pair.until_caught_up()
        await pair.promote()
        drill.site.address.move(pair.primary.port)
        await drill.recovery(time.monotonic())

    assert drill.recoveries[-1] < AFTER_PROMOTION_SECONDS
    assert (await drill.verdict()).harm == (0, 0, 0)


@pytest.mark.parametrize("frozen_at", ["work", "connect"])
async def test_first_host_frozen(pair_drill: PairDrill, frozen_at: str) -> None:
    """It accepts connections and never answers, whether a worker has a session or wants one."""
    drill, pair = pair_drill, pair_drill.pair
    await pair.make_synchronous()
    drill.start_workers(2)

    async with drill.steady_load():
        frozen = pair.primary
        if frozen_at == "connect":
            for worker in drill.workers:
                worker.kill()
        await asyncio.to_thread(frozen.freeze)
        drill.faults += 1
        await pair.promote()
        began = time.monotonic()
        if frozen_at == "connect":
            for worker in drill.workers:
                worker.start()
        await drill.recovery(began)

    assert drill.recoveries[-1] < FROZEN_HOST_SECONDS
    assert (await drill.verdict()).harm == (0, 0, 0)
