"""Background tasks of a running worker: heartbeat and database probe."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager

import structlog

from worker.infra.durations import Durations

CANCEL_AGAIN_SECONDS = 10.0
"""Longer than what a task may do after its cancellation, such as the handover of a job."""

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def beside(*works: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Runs coroutines while the block runs, and cancels them at its end.

    None should end before; one that does is logged.
    """
    tasks = [asyncio.create_task(work) for work in works]
    for task in tasks:
        task.add_done_callback(_log_bug)
    try:
        yield
    finally:
        await _end(tasks)


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancels them until they have ended.

    A task can miss it: `asyncio.wait_for` of Python 3.11, by which aiormq waits, gives the result
    instead where both come at once, and what runs for ever would keep the worker from ending.
    https://github.com/python/cpython/issues/86296
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_SECONDS)


def _log_bug(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (bug := task.exception()) is not None:
        _log.error("something beside the messages failed for good", exc_info=bug)


async def beat(heartbeat: Callable[[], None], durations: Durations) -> None:
    """Reports at every tick that the event loop runs."""
    while True:
        heartbeat()
        await asyncio.sleep(durations.tick)


async def probe(
    look: Callable[[], Awaitable[str | None]],
    report: Callable[[str | None], None],
    durations: Durations,
) -> None:
    """Checks the database periodically and reports its problem, also while the worker is idle."""
    while True:
        report(await look())
        await asyncio.sleep(durations.probe_every)
