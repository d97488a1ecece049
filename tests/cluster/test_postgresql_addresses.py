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
    drill = pair_drill
    drill.start_workers(2, DATABASE_URL=drill.site.address_url)

    async with drill.steady_load():
        began = await _demote_and_promote(drill)
        drill.site.address.move(drill.pair.primary.port)
        await drill.recovery(began)

    assert drill.recoveries[-1] < AFTER_PROMOTION_SECONDS
    assert (await drill.verdict()).harm == (0, 0, 0)


async def test_demoted_primary_alive_and_read_only(pair_drill: PairDrill) -> None:
    """It is no standby, and the first host of the URL: workers must look further."""
    drill = pair_drill
    drill.start_workers(2)

    async with drill.steady_load():
        await drill.recovery(await _demote_and_promote(drill))

    assert drill.recoveries[-1] < AFTER_PROMOTION_SECONDS
    assert (await drill.verdict()).harm == (0, 0, 0)


async def test_first_host_frozen_under_a_session(pair_drill: PairDrill) -> None:
    """It accepts connections and never answers; what was under way must time out first."""
    drill = pair_drill
    await drill.pair.make_synchronous()
    drill.start_workers(2)

    async with drill.steady_load():
        await drill.recovery(await _freeze_and_promote(drill))

    assert drill.recoveries[-1] < FROZEN_HOST_SECONDS, drill.recoveries
    assert (await drill.verdict()).harm == (0, 0, 0)


async def test_first_host_frozen_before_a_session(pair_drill: PairDrill) -> None:
    drill = pair_drill
    await drill.pair.make_synchronous()
    workers = drill.start_workers(2)

    async with drill.steady_load():
        for worker in workers:
            worker.kill()
        began = await _freeze_and_promote(drill)
        for worker in workers:
            worker.start()
        await drill.recovery(began)

    assert drill.recoveries[-1] < FROZEN_HOST_SECONDS
    assert (await drill.verdict()).harm == (0, 0, 0)


async def _freeze_and_promote(drill: PairDrill) -> float:
    await asyncio.to_thread(drill.pair.primary.freeze)
    drill.faults += 1
    await drill.pair.promote()
    return time.monotonic()


async def _demote_and_promote(drill: PairDrill) -> float:
    """The primary only reads from now on, in sessions that stay; then the standby takes over."""
    await drill.pair.fetch(READ_ONLY)
    await drill.pair.fetch("SELECT pg_reload_conf()")
    drill.faults += 1
    await drill.until_worker_logs("read-only transaction")
    await drill.pair.until_caught_up()
    await drill.pair.promote()
    return time.monotonic()
