import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.conftest import StartWorker
from tests.dlq.conftest import Dlq, DlqJson, Operator, Progress, StartDlq
from tests.dlq.dead_letters import DeadLetterQueue, price_changes
from tests.support.broker import MAIN
from tests.support.hooked_worker import HOOKED
from worker.dead_letters.errors import ClaimedError, JobEndedError
from worker.dead_letters.replay_options import ReplayOptions
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.domain.value_objects.job import JobState
from worker.infra.db.engine import Sessions
from worker.infra.db.pruning import Pruner
from worker.infra.durations import DEFAULT_DURATIONS

ALL = Selection()
SLOW = ReplayOptions(rate=20.0)


async def test_a_worker_runs_the_job_that_a_command_starts(
    start_worker: StartWorker, dead_letters: DeadLetterQueue, dlq_json: DlqJson
) -> None:
    worker = start_worker()
    await dead_letters.lay(price_changes(3))

    report = dlq_json("replay", "--all", "--by", "ana")

    [job] = dlq_json("jobs")
    assert worker.process is not None
    assert job["process"].endswith(f":{worker.process.pid}")
    assert (job["kind"], job["started_by"], job["state"]) == ("replay", "ana", "done")
    assert (job["chosen"], job["done"], job["audit_id"]) == (3, 3, report["audit"])
    assert report == {"audit": report["audit"], "chosen": 3, "done": 3, "stopped": None}
    assert worker.wait_results(3) == {"early": 3}


async def test_a_job_goes_on_when_the_command_that_started_it_is_killed(
    start_worker: StartWorker,
    dead_letters: DeadLetterQueue,
    start_dlq: StartDlq,
    dlq_json: DlqJson,
) -> None:
    worker = start_worker()
    await dead_letters.lay(price_changes(60))
    replay = start_dlq("replay", "--all", "--rate", "20/s")
    worker.wait_results(1)
    replay.kill()

    assert worker.wait_results(60) == {"early": 60}
    [job] = dlq_json("jobs")
    ended = dlq_json("jobs", str(job["id"]), "--follow")

    assert (ended["done"], ended["stopped"]) == (60, None)
    assert dlq_json("jobs", str(job["id"]))["state"] == "done"
    assert await dead_letters.count() == 0


async def test_a_worker_that_stops_leaves_its_job_to_the_next_one(
    start_worker: StartWorker, dead_letters: DeadLetterQueue, operator: Operator
) -> None:
    first = start_worker()
    await dead_letters.lay(price_changes(60))
    ana, progress = operator("ana"), Progress()
    job_id = await ana.start_replay(ALL, SLOW)
    first.wait_results(1)

    assert await asyncio.to_thread(first.terminate) == 0
    left = await ana.job(job_id)
    second = start_worker()
    report = await ana.follow(job_id, progress, progress.stop)

    assert (left.job.state, left.is_run) == (JobState.RUNNING, False)
    assert 0 < left.job.done < 60
    assert report is not None
    assert (report.done, report.why_stopped) == (60, "")
    assert second.wait_results(60 - left.job.done).keys() == {"early"}


async def test_who_follows_a_job_that_nobody_runs_runs_it(
    dead_letters: DeadLetterQueue, operator: Operator
) -> None:
    await dead_letters.lay(price_changes(5))
    luis, progress = operator("luis"), Progress()
    job_id = await operator("ana").start_replay(ALL, ReplayOptions())
    waiting = await luis.job(job_id)

    report = await luis.follow(job_id, progress, progress.stop)

    assert (waiting.job.state, waiting.is_run) == (JobState.WAITING, False)
    assert report is not None
    assert (report.done, progress.total, progress.done) == (5, 5, 5)
    assert await dead_letters.count(MAIN) == 5
    [entry] = await luis.audits(limit=10)
    assert (entry.command, entry.started_by, entry.status) == ("replay", "ana", "done")


async def test_anybody_cancels_a_job_and_the_rest_is_untouched(
    start_worker: StartWorker,
    dead_letters: DeadLetterQueue,
    start_dlq: StartDlq,
    dlq: Dlq,
    dlq_json: DlqJson,
) -> None:
    worker = start_worker(*HOOKED)
    await dead_letters.lay(price_changes(200))
    replay = start_dlq("replay", "--all", "--rate", "20/s", "--by", "ana")
    worker.wait_results(1)
    [job] = dlq_json("jobs")

    cancelled = dlq_json("cancel", str(job["id"]), "--by", "luis")
    _, stderr = await asyncio.to_thread(replay.communicate)
    again = dlq("cancel", str(job["id"]))

    done = cancelled["done"]
    assert 0 < done < 200
    assert cancelled["stopped"] == "cancelled by luis"
    assert replay.returncode == 1
    assert stderr.startswith(f"cancelled by luis: replayed {done} of 200 dead letters")
    assert await dead_letters.count() == 200 - done
    shown = dlq_json("jobs", str(job["id"]))
    assert (shown["state"], shown["failed"]) == ("stopped", [])
    assert again.returncode == 1
    assert "has ended already: stopped" in again.stderr


async def test_a_job_that_nobody_runs_is_cancelled_all_the_same(
    dead_letters: DeadLetterQueue, operator: Operator, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(price_changes(3))
    job_id = await operator("ana").start_replay(ALL, ReplayOptions())

    cancelled = dlq_json("cancel", str(job_id), "--by", "luis")

    assert (cancelled["done"], cancelled["stopped"]) == (0, "cancelled by luis")
    assert (await dead_letters.count(), await dead_letters.count(MAIN)) == (3, 0)
    with pytest.raises(JobEndedError):
        await operator("ana").cancel(job_id)


async def test_of_two_people_at_once_one_is_told_of_the_job_of_the_other(
    dead_letters: DeadLetterQueue, operator: Operator, tmp_path: Path, dlq: Dlq
) -> None:
    await dead_letters.lay(price_changes(3))
    file = tmp_path / "exported.jsonl"
    dlq("export", "--to", str(file))

    started = await asyncio.gather(
        operator("ana").start_replay(ALL, ReplayOptions()),
        operator("luis").start_replay(ALL, ReplayOptions()),
        return_exceptions=True,
    )

    [job_id] = [result for result in started if isinstance(result, int)]
    [refused] = [result for result in started if isinstance(result, ClaimedError)]
    first = "ana" if started[0] == job_id else "luis"
    assert refused.holder.startswith(f"dlq replay by {first}")
    for command in (("replay", "--all"), ("import", str(file))):
        late = dlq(*command)
        assert late.returncode == 1
        assert late.stderr.startswith(f"inventory-worker: dlq replay by {first}")
        assert f"`dlq jobs {job_id}` shows it; nothing was changed" in late.stderr
    assert len(await operator("ana").jobs(limit=10)) == 1


async def test_a_job_lists_what_could_not_be_sent_and_what_is_dead_again(
    start_worker: StartWorker,
    dead_letters: DeadLetterQueue,
    operator: Operator,
    sessions: Sessions,
    dlq: Dlq,
) -> None:
    good, gone = price_changes(2)
    bad = type(good)(good.type, good.source, "bad", good.data | {"price_mxn": "0"})
    await dead_letters.lay([good, gone, bad])
    ana, progress = operator("ana"), Progress()
    job_id = await ana.start_replay(ALL, ReplayOptions())
    await dead_letters.take_all()
    async with sessions.begin() as session:
        await session.execute(text("DELETE FROM dead_letters WHERE handle = 'p-1'"))

    worker = start_worker()
    report = await ana.follow(job_id, progress, progress.stop)
    worker.wait_results(2)
    await dead_letters.wait_count(1)
    details, shown = await ana.job(job_id), dlq("jobs", str(job_id)).stdout

    assert report is not None
    assert (report.selected, report.done) == (3, 2)
    failed = [(letter.id, letter.code, letter.reason) for letter in details.failed]
    assert failed == [
        ("p-1", "car-not-found", "no longer there, or somebody else holds it"),
        ("bad", "invalid-event", failed[1][2]),
    ]
    assert "2 failed" in shown
    assert failed[1][2] in shown


async def test_what_a_discard_took_stays_in_the_database_until_its_file_was_fetched_long_ago(
    start_worker: StartWorker,
    dead_letters: DeadLetterQueue,
    operator: Operator,
    dlq: Dlq,
    sessions: Sessions,
    tmp_path: Path,
) -> None:
    events, file = price_changes(30), tmp_path / "discarded.jsonl"
    await dead_letters.lay(events)
    start_worker()
    ana, progress = operator("ana"), Progress()
    job_id = await ana.start_discard(ALL, file)
    await ana.follow(job_id, progress, progress.stop)
    async with sessions.begin() as session:
        await session.execute(text("UPDATE jobs SET ended_at = now() - interval '2 days'"))
        await session.execute(
            text("UPDATE dead_letters SET settled_at = now() - interval '2 days'")
        )
    days, now = (
        Pruner(sessions, timedelta(days=1), DEFAULT_DURATIONS),
        Pruner(sessions, timedelta(0), DEFAULT_DURATIONS),
    )

    await now.prune()
    written = [dlq("jobs", str(job_id), "--to", str(file))]
    await days.prune()  # what was just written may have been lost on its way
    written += [dlq("jobs", str(job_id), "--to", f"{file}.again")]
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    await now.prune()

    told = f"wrote 30 dead letters to {file}"
    assert [done.stderr for done in written] == [f"{told}\n", f"{told}.again\n"]
    assert [line["message_id"] for line in lines] == [event.message_id for event in events]
    assert await ana.jobs(limit=10) == []
    async with sessions() as session:
        left = await session.execute(text("SELECT count(*) FROM dead_letters"))
        assert left.scalar_one() == 0


async def test_a_file_is_only_for_a_discard_that_has_ended(
    dead_letters: DeadLetterQueue, operator: Operator, dlq: Dlq, tmp_path: Path
) -> None:
    await dead_letters.lay(price_changes(1))
    ana, progress, file = operator("ana"), Progress(), tmp_path / "discarded.jsonl"
    replay = await ana.start_replay(ALL, ReplayOptions())
    progress.stop.set()
    await ana.follow(replay, progress, progress.stop)
    discard = await ana.start_discard(ALL)

    refused = [dlq("jobs", str(job_id), "--to", str(file)) for job_id in (replay, discard, 99)]

    assert [done.returncode for done in refused] == [1, 1, 1]
    assert "is a replay: it has nothing for a file" in refused[0].stderr
    assert "has not ended" in refused[1].stderr
    assert "there is no job 99" in refused[2].stderr
    assert not file.exists()
