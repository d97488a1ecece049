import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from dev.servers import Servers
from dev.worker_process import Process, WorkerProcess
from tests.conftest import StartWorker
from tests.dlq.conftest import Dlq, DlqJson
from tests.dlq.dead_letters import DeadLetterQueue, price_changes
from tests.support.terminals import read, read_until, terminal

LETTERS = 16
BAR = b"replayed"
"""Once it is there, the command asks before it ends."""


async def test_ctrl_c_and_no_leave_the_job_to_the_workers(
    start_worker: StartWorker, dead_letters: DeadLetterQueue, empty: Servers, dlq_json: DlqJson
) -> None:
    worker = start_worker()
    await dead_letters.lay(price_changes(LETTERS))

    exit_code, told = await interrupt(empty, worker, b"n\n")

    [job] = dlq_json("jobs")
    assert (exit_code, job["state"]) == (0, "running")
    assert f"job {job['id']} goes on: `dlq jobs {job['id']} --follow` follows it" in told
    assert worker.wait_results(LETTERS) == {"early": LETTERS}


async def test_ctrl_c_and_yes_cancel_the_job(
    start_worker: StartWorker, dead_letters: DeadLetterQueue, empty: Servers, dlq_json: DlqJson
) -> None:
    worker = start_worker()
    await dead_letters.lay(price_changes(LETTERS))

    exit_code, told = await interrupt(empty, worker, b"y\n")

    [job] = dlq_json("jobs")
    assert (exit_code, job["state"]) == (1, "stopped")
    assert f"replayed {job['done']} of {LETTERS} dead letters" in told
    assert await dead_letters.count() == LETTERS - job["done"] > 0


async def test_a_second_ctrl_c_leaves_the_job_and_says_that_nobody_goes_on_with_it(
    dead_letters: DeadLetterQueue, empty: Servers, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(price_changes(LETTERS))

    with replaying(empty) as (replay, ours):
        await asyncio.to_thread(read_until, ours, BAR)
        await dead_letters.wait_count(1, "inventory-worker")
        await asyncio.to_thread(ask, replay, ours)
        replay.send_signal(signal.SIGINT)
        told = await asyncio.to_thread(read_all, ours)
        exit_code = replay.wait(60)

    [job] = dlq_json("jobs")
    assert (exit_code, job["state"]) == (0, "running")
    assert f"no worker is there to go on with job {job['id']}" in " ".join(told.split())
    followed = dlq_json("jobs", str(job["id"]), "--follow")
    assert (followed["done"], followed["stopped"]) == (LETTERS, None)


async def test_a_job_that_looks_for_its_letters_says_so(
    start_worker: StartWorker,
    dead_letters: DeadLetterQueue,
    empty: Servers,
    dlq: Dlq,
    dlq_json: DlqJson,
) -> None:
    await dead_letters.lay(price_changes(2))
    await dead_letters.take_all()
    start_worker()

    with replaying(empty) as (replay, ours):
        await asyncio.to_thread(read_until, ours, b"replayed, looking for them in the queue")
        [job] = dlq_json("jobs")
        shown = dlq("jobs", str(job["id"])).stdout
        ended = await asyncio.to_thread(read_all, ours)
        exit_code = replay.wait(60)

    assert "now looking for them in the queue" in shown
    assert "replayed 2 of 2 dead letters" in ended
    assert exit_code == 0


async def interrupt(servers: Servers, worker: WorkerProcess, answer: bytes) -> tuple[int, str]:
    """Presses Ctrl-C during a replay and answers the question; returns how the replay ended."""
    with replaying(servers) as (replay, ours):
        await asyncio.to_thread(read_until, ours, BAR)
        worker.wait_results(1)
        await asyncio.to_thread(ask, replay, ours)
        os.write(ours, answer)
        told = await asyncio.to_thread(read_all, ours)
        return replay.wait(60), told


@contextmanager
def replaying(servers: Servers) -> Iterator[tuple[Process, int]]:
    """A replay in a terminal."""
    with terminal(servers, 200, "dlq", "replay", "--all", "--rate", "2/s") as started:
        yield started


def ask(replay: Process, ours: int) -> None:
    """Presses Ctrl-C, and returns once the question is there."""
    replay.send_signal(signal.SIGINT)
    read_until(ours, b"[y/N]")


def read_all(ours: int) -> str:
    """What comes until the end."""
    return b"".join(iter(lambda: read(ours), b"")).decode()
