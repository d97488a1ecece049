"""Background tasks of a running worker: heartbeat and database probe."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager

HEARTBEAT_SECONDS = 1.0
PROBE_SECONDS = 5.0
PROBE_TIMEOUT_SECONDS = 5.0


@asynccontextmanager
async def beside(*works: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Runs coroutines while the block runs, and cancels them at its end."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def beat(heartbeat: Callable[[], None]) -> None:
    """Reports once a second that the event loop runs."""
    while True:
        heartbeat()
        await asyncio.sleep(HEARTBEAT_SECONDS)


async def probe(
    look: Callable[[], Awaitable[str | None]], report: Callable[[str | None], None]
) -> None:
    """Checks the database periodically and reports its problem, also while the worker is idle."""
    while True:
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_SECONDS):
                problem = await look()
        except TimeoutError:
            problem = f"PostgreSQL has not answered for {PROBE_TIMEOUT_SECONDS:.0f} s"
        report(problem)
        await asyncio.sleep(PROBE_SECONDS)
