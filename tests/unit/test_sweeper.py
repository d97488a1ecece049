import asyncio
from contextlib import suppress

from structlog.testing import capture_logs

from worker.infra.durations import Durations
from worker.infra.messaging.dead_letters.errors import BrowseLostError
from worker.infra.messaging.dead_letters.sweep import Look, SweepReport
from worker.infra.messaging.dead_letters.sweeper import Sweeper

OFTEN = Durations(first_sweep=0.001, sweep_every=0.001)
IF_NEEDED = Look.IF_COUNTS_DIFFER


async def sweeps(
    *results: SweepReport | BaseException | None, durations: Durations = OFTEN
) -> tuple[list[Look], list[str]]:
    """When each sweep might look into the queue, and the events of the log."""
    looks: list[Look] = []
    done = asyncio.Event()

    async def sweep(look: Look) -> SweepReport | None:
        looks.append(look)
        if len(looks) > len(results):
            done.set()
            return None
        result = results[len(looks) - 1]
        if isinstance(result, BaseException):
            raise result
        return result

    with capture_logs() as logs:
        running = asyncio.create_task(Sweeper(sweep, durations).run())
        async with asyncio.timeout(10):
            await done.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    return looks[: len(results) + 1], [log["event"] for log in logs]


async def test_a_sweep_that_finds_nothing_says_nothing() -> None:
    assert await sweeps(SweepReport(), None, SweepReport()) == ([IF_NEEDED] * 4, [])


async def test_what_a_sweep_found_is_told() -> None:
    _, [told] = await sweeps(SweepReport(added=2, vanished=1))

    assert told == "dead letters without a record, or no longer in the queue"


async def test_a_sweep_that_fails_is_told_and_followed_by_others() -> None:
    looks, told = await sweeps(BrowseLostError("RabbitMQ went away"), SweepReport())

    assert (looks, told) == ([IF_NEEDED] * 3, ["sweeping dead letters failed"])


async def test_a_sweep_whose_connection_closes_is_followed_by_others() -> None:
    """Then aiormq gives CancelledError to whoever waits on it."""
    looks, told = await sweeps(asyncio.CancelledError(), SweepReport())

    assert (looks, told) == ([IF_NEEDED] * 3, ["sweeping dead letters failed"])


async def test_looking_ends_once_it_has_worn_letters_out() -> None:
    looks, [told] = await sweeps(SweepReport(worn_out=3))

    assert looks == [IF_NEEDED, Look.NEVER]
    assert told == "dead letters left the queue because they were looked at: no more sweeps"


async def test_now_and_then_it_looks_although_the_counts_agree() -> None:
    daily = Durations(first_sweep=0.001, sweep_every=0.001, look_every=0.0001)

    looks, _ = await sweeps(SweepReport(), SweepReport(), durations=daily)

    assert looks == [Look.ANYWAY] * 3


async def test_a_sweep_that_does_not_look_for_a_policy_says_so_and_is_followed_by_others() -> None:
    looks, told = await sweeps(SweepReport(not_looked="policy x: delivery-limit"), SweepReport())

    assert (looks, told) == ([IF_NEEDED] * 3, ["sweeping dead letters would remove them"])
