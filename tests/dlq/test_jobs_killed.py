"""Jobs whose runners are killed: every chosen letter is sent, and none twice."""

import asyncio
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.conftest import StartWorker
from tests.dlq.conftest import SHORT, Operator, Progress, StartDlq
from tests.dlq.dead_letters import DeadLetterQueue, price_changes
from tests.dlq.jobs_under_way import until_done, until_it_runs, until_it_sends
from tests.dlq.killed_runner import leave_job, send_replay
from tests.support.broker import MAIN, Broker
from tests.support.histories import Event
from tests.support.hooked_worker import HOOKED
from worker.dead_letters.change_report import CanaryResult, DeadAgain
from worker.dead_letters.errors import ChangeFailedError
from worker.dead_letters.jobs.doubts import NOT_KNOWN
from worker.dead_letters.jobs.running import MOST_RUNS_IN_VAIN
from worker.dead_letters.replay_options import ReplayOptions
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.domain.value_objects.job import JobState
from worker.infra.db.engine import Sessions

ALL = Selection()
LETTERS = 2_000
IMPATIENT = replace(SHORT, outcome_patience=0.5)
STEADY = ReplayOptions(rate=400.0)


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.slow)])
async def test_every_letter_of_a_job_whose_runners_are_killed_is_sent_once(
    kills: int,
    start_worker: StartWorker,
    dead_letters: DeadLetterQueue,
    operator: Operator,
    start_dlq: StartDlq,
) -> None:
    rng, ana, progress = random.Random(kills), operator("ana"), Progress()
    await dead_letters.lay(price_changes(LETTERS))
    worker = start_worker(*HOOKED)
    job_id = await ana.start_replay(ALL, STEADY)

    for _ in range(kills):
        before = (await ana.job(job_id)).job
        runner = start_dlq("jobs", str(job_id), "--follow")
        await until_it_sends(ana, job_id, runner.pid, before.done)
        await asyncio.sleep(rng.uniform(0, 0.6))  # any moment is what it is about
        runner.kill()
        await asyncio.to_thread(runner.communicate)
    killed = (await ana.job(job_id)).job
    report = await ana.follow(job_id, progress, progress.stop)

    assert 0 < killed.done < LETTERS
    assert report is not None
    assert (report.done, report.why_stopped) == (LETTERS, "")
    assert worker.wait_results(LETTERS) == {"early": LETTERS}
    assert (await dead_letters.count(), await dead_letters.count(MAIN)) == (0, 0)
    assert (await ana.job(job_id)).failed == []
    assert len((await ana.audit(report.audit_id)).messages) == LETTERS


async def test_every_letter_of_a_discard_whose_runners_are_killed_is_in_its_file_once(
    dead_letters: DeadLetterQueue, operator: Operator, start_dlq: StartDlq, tmp_path: Path
) -> None:
    rng, ana, progress = random.Random(1), operator("ana"), Progress()
    file = tmp_path / "discarded.jsonl"
    events = price_changes(LETTERS)
    await dead_letters.lay(events)
    job_id = await ana.start_discard(ALL)

    for _ in range(3):
        runner = start_dlq("jobs", str(job_id), "--follow")
        await until_it_runs(ana, job_id, runner.pid)
        await asyncio.sleep(rng.uniform(0, 0.6))  # any moment is what it is about
        runner.kill()
        await asyncio.to_thread(runner.communicate)
    report = await ana.follow(job_id, progress, progress.stop)
    await ana.keep_discarded(job_id, file)

    assert report is not None
    assert (report.done, report.why_stopped) == (LETTERS, "")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["message_id"] for line in lines] == [event.message_id for event in events]
    assert await dead_letters.count() == 0
    assert (await ana.groups(ALL)).total == 0


async def test_a_job_whose_runner_loses_the_database_is_gone_on_with(
    start_worker: StartWorker,
    dead_letters: DeadLetterQueue,
    operator: Operator,
    sessions: Sessions,
) -> None:
    worker = start_worker()
    await dead_letters.lay(price_changes(60))
    ana, progress = operator("ana"), Progress()
    job_id = await ana.start_replay(ALL, ReplayOptions(rate=20.0))
    worker.wait_results(1)
    async with sessions.begin() as session:
        await session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name LIKE 'dlq replay by ana%'"
            )
        )

    report = await ana.follow(job_id, progress, progress.stop)

    assert report is not None
    assert (report.done, report.why_stopped) == (60, "")
    assert worker.wait_results(60) == {"early": 60}
    assert "a job broke off and will be resumed" in worker.log


async def test_the_canary_of_a_killed_runner_is_judged_by_the_next(
    start_worker: StartWorker,
    dead_letters: DeadLetterQueue,
    operator: Operator,
    broker: Broker,
    sessions: Sessions,
) -> None:
    """It has sent two, of which one is dead again."""
    good, *others = price_changes(4)
    bad = Event(good.type, good.source, "bad", good.data | {"price_mxn": "0"})
    await dead_letters.lay([good, bad, *others])
    ana, progress = operator("ana"), Progress()
    job_id = await ana.start_replay(ALL, ReplayOptions(canary=2))
    await leave_job(sessions, job_id, done=2)
    worker = start_worker(*HOOKED)
    for event in (good, bad):
        await send_replay(broker, event)
    worker.wait_results(2)

    report = await ana.follow(job_id, progress, progress.stop)

    assert report is not None
    assert report.canary == CanaryResult(1, [DeadAgain("bad", "invalid-event")], [])
    assert report.why_stopped.startswith("the canary failed: 1 of 2 are dead again")
    assert report.done == 2
    assert worker.count_results() == {"early": 1, "invalid-event": 1}


async def test_a_job_whose_runners_die_without_progress_ends_and_is_started_again(
    dead_letters: DeadLetterQueue, operator: Operator, start_dlq: StartDlq
) -> None:
    """They die while they look for letters that are no longer in the queue."""
    await dead_letters.lay(price_changes(3))
    await dead_letters.take_all()
    ana, progress = operator("ana"), Progress()
    job_id = await ana.start_replay(ALL, ReplayOptions())

    for _ in range(MOST_RUNS_IN_VAIN):
        runner = start_dlq("jobs", str(job_id), "--follow")
        await until_it_runs(ana, job_id, runner.pid)
        runner.kill()
        await asyncio.to_thread(runner.communicate)
    last = (await ana.job(job_id)).job.process
    with pytest.raises(ChangeFailedError) as failed:
        await ana.follow(job_id, progress, progress.stop)
    ended = (await ana.job(job_id)).job
    again = await ana.replay(ALL, ReplayOptions(), progress, progress.stop)

    assert f"{MOST_RUNS_IN_VAIN} runs in a row broke off without progress" in str(failed.value)
    assert f"the last one in {last}: start it again once" in str(failed.value)
    assert (ended.state, ended.done, ended.chosen) == (JobState.FAILED, 0, 3)
    assert ended.why_stopped in str(failed.value)
    assert (again.done, again.why_stopped) == (3, "")


async def test_progress_and_a_runner_that_leaves_in_good_order_give_a_job_all_its_runs_again(
    start_worker: StartWorker,
    dead_letters: DeadLetterQueue,
    operator: Operator,
    sessions: Sessions,
) -> None:
    await dead_letters.lay(price_changes(2))
    ana = operator("ana")
    job_id = await ana.start_replay(ALL, ReplayOptions(rate=0.01))
    await set_runs_in_vain(sessions, MOST_RUNS_IN_VAIN - 1)

    worker = start_worker()
    came_further = await until_done(ana, job_id, 1)
    await set_runs_in_vain(sessions, MOST_RUNS_IN_VAIN - 1)
    assert await asyncio.to_thread(worker.terminate) == 0
    left = (await ana.job(job_id)).job

    assert came_further.runs_in_vain == 0
    assert (left.state, left.done, left.runs_in_vain) == (JobState.RUNNING, 1, 0)


async def test_a_refused_job_takes_away_what_an_earlier_runner_was_done_with(
    dead_letters: DeadLetterQueue, operator: Operator, sessions: Sessions, broker: Broker
) -> None:
    await dead_letters.lay(price_changes(3))
    ana, progress = operator("ana"), Progress()
    job_id = await ana.start_replay(ALL, ReplayOptions())
    await leave_job(sessions, job_id, done=1)
    await broker.delete_queue(MAIN)

    with pytest.raises(ChangeFailedError, match="no queue takes"):
        await ana.follow(job_id, progress, progress.stop)
    await dead_letters.sweep()

    assert await dead_letters.count() == 2
    assert (await ana.groups(ALL)).total == 2


async def set_runs_in_vain(sessions: Sessions, runs: int) -> None:
    async with sessions.begin() as session:
        await session.execute(text("UPDATE jobs SET runs_in_vain = :runs"), {"runs": runs})


async def test_what_a_killed_runner_may_have_sent_is_sent_only_if_it_was_not(
    start_worker: StartWorker,
    dead_letters: DeadLetterQueue,
    operator: Operator,
    broker: Broker,
    sessions: Sessions,
) -> None:
    """It announced `p-0`, `bad` and `p-1` and has sent two of them; nothing of that is noted."""
    good, other = price_changes(2)
    bad = Event(good.type, good.source, "bad", good.data | {"price_mxn": "0"})
    await dead_letters.lay([good, bad, other])
    ana, progress = operator("ana"), Progress()
    job_id = await ana.start_replay(ALL, ReplayOptions())
    await leave_job(sessions, job_id, sending=3)
    worker = start_worker(*HOOKED)
    for event in (good, bad):
        await send_replay(broker, event)
    worker.wait_results(2)

    report = await ana.follow(job_id, progress, progress.stop)

    assert report is not None
    assert report.done == 3
    assert worker.wait_results(3) == {"early": 2, "invalid-event": 1}
    await dead_letters.wait_count(1)
    assert [letter.id for letter in (await ana.job(job_id)).failed] == ["bad"]


async def test_what_was_dead_again_before_a_job_is_no_outcome_of_it(
    dead_letters: DeadLetterQueue, operator: Operator, sessions: Sessions
) -> None:
    """One event twice: as it died again, and as its publisher sent it once more."""
    [event] = price_changes(1)
    await dead_letters.lay([event], x_replays=1)
    await dead_letters.lay([event], x_replays=0)
    ana, progress = operator("ana"), Progress()
    job_id = await ana.start_replay(ALL, ReplayOptions())
    await leave_job(sessions, job_id, sending=2)

    report = await ana.follow(job_id, progress, progress.stop)

    assert report is not None
    assert report.done == 2
    assert len(await dead_letters.take_all(MAIN)) == 2
    assert await dead_letters.count() == 0


async def test_what_a_killed_runner_may_have_sent_stays_where_nobody_can_tell(
    dead_letters: DeadLetterQueue, operator: Operator, sessions: Sessions, broker: Broker
) -> None:
    """No worker is there, so that the main queue keeps what may be this message."""
    first, second = price_changes(2)
    await dead_letters.lay([first, second])
    ana, progress = operator("ana", IMPATIENT), Progress()
    job_id = await ana.start_replay(ALL, ReplayOptions())
    await leave_job(sessions, job_id, sending=1)
    await send_replay(broker, first)

    report = await ana.follow(job_id, progress, progress.stop)

    assert report is not None
    assert (report.done, report.selected) == (1, 2)
    [letter] = (await ana.job(job_id)).failed
    assert (letter.id, letter.reason) == ("p-0", NOT_KNOWN)
    assert [message.message_id for message in await dead_letters.take_all(MAIN)] == ["p-0", "p-1"]
    assert [message.message_id for message in await dead_letters.take_all()] == ["p-0"]


async def test_what_a_killed_runner_was_done_with_leaves_the_queue_and_is_not_sent_again(
    dead_letters: DeadLetterQueue, operator: Operator, sessions: Sessions
) -> None:
    """It died before RabbitMQ had its ack."""
    await dead_letters.lay(price_changes(3))
    ana, progress = operator("ana"), Progress()
    job_id = await ana.start_replay(ALL, ReplayOptions())
    await leave_job(sessions, job_id, done=1)

    report = await ana.follow(job_id, progress, progress.stop)

    assert report is not None
    assert report.done == 3
    assert [message.message_id for message in await dead_letters.take_all(MAIN)] == ["p-1", "p-2"]
    assert await dead_letters.count() == 0
    assert (await ana.groups(ALL)).total == 0


async def test_what_a_killed_runner_was_done_with_leaves_the_queue_though_the_next_is_killed_too(
    start_worker: StartWorker,
    dead_letters: DeadLetterQueue,
    operator: Operator,
    start_dlq: StartDlq,
    sessions: Sessions,
) -> None:
    """The second was done with more, later than an ack takes."""
    worker = start_worker(*HOOKED)
    await dead_letters.lay(price_changes(3))
    ana, progress = operator("ana"), Progress()
    job_id = await ana.start_replay(ALL, ReplayOptions(rate=1.0))
    await leave_job(sessions, job_id, done=1, seconds_ago=60)
    second = start_dlq("jobs", str(job_id), "--follow")
    await until_it_sends(ana, job_id, second.pid, 1)
    second.kill()
    await asyncio.to_thread(second.communicate)

    report = await ana.follow(job_id, progress, progress.stop)

    assert report is not None
    assert report.done == 3
    assert worker.wait_results(2) == {"early": 2}
    assert await dead_letters.count() == 0
    assert (await ana.groups(ALL)).total == 0
