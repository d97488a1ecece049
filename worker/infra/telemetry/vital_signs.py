"""What is done beside the work, for as long as it lasts: showing life, looking at the database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager

HEARTBEAT_SECONDS = 1.0
PROBE_SECONDS = 5.0
PROBE_TIMEOUT_SECONDS = 5.0


@asynccontextmanager
async def beside(*works: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Does all of this beside the block, and ends with it."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def beat(heartbeat: Callable[[], None]) -> None:
    """Shows that the event loop turns."""
    while True:
        heartbeat()
        await asyncio.sleep(HEARTBEAT_SECONDS)


async def probe(
    look: Callable[[], Awaitable[str | None]], report: Callable[[str | None], None]
) -> None:
    """Looks at the database and reports its problem, also while no message does."""
    while True:
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_SECONDS):
                problem = await look()
        except TimeoutError:
            problem = f"PostgreSQL has not answered for {PROBE_TIMEOUT_SECONDS:.0f} s"
        report(problem)
        await asyncio.sleep(PROBE_SECONDS)
