"""Measures how a consumer drains a freshly filled queue."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import asyncpg

from benchmarks.contestants import Contestant
from benchmarks.filling import SOURCE, fill
from benchmarks.measured_process import MeasuredProcess
from dev.servers import Servers

LONGEST_SECONDS = 600
LOOK_AGAIN_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Drained:
    """The measurements, from the first observed commit to the last."""

    messages_per_second: float
    cpu_microseconds_per_message: float
    wal_bytes_per_message: float
    peak_megabytes: float


@dataclass(frozen=True, slots=True)
class _Reading:
    """Counters at one moment."""

    recorded: int
    at: float
    cpu_seconds: float
    wal_bytes: int


async def measure_drain(
    servers: Servers, contestant: Contestant, messages: int, *, processes: int = 1
) -> Drained:
    """Fills the queue, starts the consumer and polls the number of recorded ids.

    Rows of earlier measurements are removed; other rows are kept.
    """
    database = await asyncpg.connect(servers.database_url)
    try:
        await _remove_traces(database)
        await fill(servers.rabbitmq_url, messages)
        with ExitStack() as stack:
            running = [
                stack.enter_context(
                    MeasuredProcess(contestant.command, contestant.environment(servers))
                )
                for _ in range(processes)
            ]
            return await _watch(database, running, messages)
    finally:
        await database.close()


async def _watch(
    database: asyncpg.Connection, running: Sequence[MeasuredProcess], messages: int
) -> Drained:
    give_up = time.monotonic() + LONGEST_SECONDS
    first = now = await _read(database, running)
    while now.recorded < messages:
        if not first.recorded:
            first = now
        if time.monotonic() > give_up:
            raise TimeoutError(f"{now.recorded} of {messages} after {LONGEST_SECONDS} s")
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
        now = await _read(database, running)
    done = now.recorded - first.recorded
    return Drained(
        messages_per_second=done / (now.at - first.at),
        cpu_microseconds_per_message=(now.cpu_seconds - first.cpu_seconds) / done * 1e6,
        wal_bytes_per_message=(now.wal_bytes - first.wal_bytes) / done,
        peak_megabytes=max(process.peak_bytes for process in running) / 1e6,
    )


async def _read(database: asyncpg.Connection, running: Sequence[MeasuredProcess]) -> _Reading:
    count = (
        "SELECT count(*), pg_current_wal_lsn() - '0/0' FROM processed_messages WHERE source = $1"
    )
    row = await database.fetchrow(count, SOURCE)
    assert row is not None
    recorded, wal_bytes = row
    cpu_seconds = sum(process.cpu_seconds for process in running)
    return _Reading(recorded, time.monotonic(), cpu_seconds, int(wal_bytes))


async def _remove_traces(database: asyncpg.Connection) -> None:
    await database.execute("DELETE FROM processed_messages WHERE source = $1", SOURCE)
    await database.execute("DELETE FROM cars WHERE price_source = $1", SOURCE)
    await database.execute("VACUUM ANALYZE cars, processed_messages")
    await database.execute("CHECKPOINT")
