import asyncio
import random

import pytest

from dev.worker_process import OUTCOMES, PATIENCE_SECONDS, WorkerProcess
from tests.conftest import StartWorker
from tests.dlq.conftest import DlqJson, Operator, StartDlq
from tests.dlq.dead_letters import DeadLetterQueue, creations, price_changes
from tests.support.broker import MAIN
from tests.support.catalog import read_cars
from tests.support.histories import fold
from worker.dead_letters.dead_letters import DeadLetters
from worker.infra.db.engine import Sessions

LETTERS = 300
LONGEST_SECONDS = 2.5
"""About what a replay of so many takes, its start included."""


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
async def test_a_replay_killed_at_any_moment_loses_nothing_and_applies_nothing_twice(
    kills: int,
    start_worker: StartWorker,
    dead_letters: DeadLetterQueue,
    start_dlq: StartDlq,
    dlq_json: DlqJson,
    operator: Operator,
    sessions: Sessions,
) -> None:
    rng, laid = random.Random(kills), creations(LETTERS)
    await dead_letters.lay(laid)
    worker = start_worker()

    for number in range(kills):
        letters = price_changes(LETTERS, f"kill-{number}")
        await dead_letters.lay(letters)
        laid += letters
        replay = start_dlq("replay", "--all", "--rate", "400/s")
        await asyncio.sleep(rng.uniform(0, LONGEST_SECONDS))  # any moment is what it is about
        replay.kill()
        await asyncio.to_thread(replay.communicate)
        await until_no_job_is_left(operator("ana"))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await dead_letters.count() or count_recorded(worker) < len(laid):
            if await dead_letters.count():  # those of a killed replay come back some ms later
                dlq_json("replay", "--all")
    while await dead_letters.count(MAIN) or worker.in_flight():  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.05)

    assert worker.count_results().keys() <= OUTCOMES
    assert count_recorded(worker) == len(laid)
    assert await read_cars(sessions) == fold(laid)
    assert await dead_letters.count() == 0


def count_recorded(worker: WorkerProcess) -> int:
    results = worker.count_results()
    return sum(results.values()) - results.get("duplicate", 0)


async def until_no_job_is_left(ana: DeadLetters) -> None:
    """The worker ends the job that the killed command has started, if it came so far."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while any(not job.has_ended for job in await ana.jobs(limit=1)):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.1)
