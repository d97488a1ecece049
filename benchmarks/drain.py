"""One measurement: how a consumer drains a freshly filled queue."""

import asyncio
import time
from dataclasses import dataclass

import asyncpg

from benchmarks.contestants import Contestant
from benchmarks.filling import SOURCE, fill
from benchmarks.measured_process import MeasuredProcess
from dev.servers import Servers

LONGEST_SECONDS = 300
LOOK_AGAIN_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Drained:
    """What was measured, from the first commit that was seen to the last."""

    messages_per_second: float
    cpu_microseconds_per_message: float
    peak_megabytes: float


async def measure_drain(servers: Servers, contestant: Contestant, messages: int) -> Drained:
    """Fills, starts the consumer, and watches the recorded ids grow.

    What earlier measurements left is removed; what was there before them stays.
    """
    database = await asyncpg.connect(servers.database_url)
    try:
        await _remove_traces(database)
        await fill(servers.rabbitmq_url, messages)
        with MeasuredProcess(contestant.command, contestant.environment(servers)) as process:
            return await _watch(database, process, messages)
    finally:
        await database.close()


async def _watch(database: asyncpg.Connection, process: MeasuredProcess, messages: int) -> Drained:
    give_up = time.monotonic() + LONGEST_SECONDS
    began, cpu, first = 0.0, 0.0, 0
    while (count := await _recorded(database)) < messages:
        if not first and count:
            began, cpu, first = time.monotonic(), process.cpu_seconds, count
        if time.monotonic() > give_up:
            raise TimeoutError(f"{count} of {messages} messages after {LONGEST_SECONDS} s")
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    seconds, done = time.monotonic() - began, messages - first
    return Drained(
        messages_per_second=done / seconds,
        cpu_microseconds_per_message=(process.cpu_seconds - cpu) / done * 1e6,
        peak_megabytes=process.peak_bytes / 1e6,
    )


async def _recorded(database: asyncpg.Connection) -> int:
    count = "SELECT count(*) FROM processed_messages WHERE source = $1"
    return int(await database.fetchval(count, SOURCE))


async def _remove_traces(database: asyncpg.Connection) -> None:
    await database.execute("DELETE FROM processed_messages WHERE source = $1", SOURCE)
    await database.execute("DELETE FROM cars WHERE price_source = $1", SOURCE)
    await database.execute("VACUUM ANALYZE cars, processed_messages")
    await database.execute("CHECKPOINT")
