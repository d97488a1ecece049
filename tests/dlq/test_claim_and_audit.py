import asyncio
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.dlq.conftest import Operator, Progress
from tests.dlq.dead_letters import DeadLetterQueue, price_changes
from tests.support.broker import MAIN, Broker
from worker.dead_letters.errors import ChangeFailedError, ClaimedError
from worker.dead_letters.replay_options import ReplayOptions
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.advisory_locks import AdvisoryLock
from worker.infra.db.repositories.dead_letter_audit import PostgresDeadLetterAudit
from worker.infra.db.session_locks import hold_lock

ALL = Selection()


async def test_a_change_beside_another_is_refused_and_names_who_has_the_claim(
    operator: Operator, dead_letters: DeadLetterQueue, tmp_path: Path
) -> None:
    await dead_letters.lay(price_changes(20))
    slow, refused, file = Progress(), Progress(), tmp_path / "never-written.jsonl"
    replay = asyncio.create_task(
        operator("ana").replay(ALL, ReplayOptions(rate=1.0), slow, slow.stop)
    )
    await slow.wait_started()

    with pytest.raises(ClaimedError) as caught:
        await operator("luis").discard(ALL, file, refused, refused.stop)
    slow.stop.set()
    report = await replay

    assert caught.value.holder.startswith("dlq replay by ana")
    assert (refused.total, file.exists()) == (0, False)
    assert report.why_stopped == "stopped by a signal"
    assert await dead_letters.count() == 20 - report.done
    assert len(await operator("luis").audits(limit=10)) == 1


async def test_a_change_that_breaks_off_says_why_and_how_far_it_came(
    operator: Operator, dead_letters: DeadLetterQueue, broker: Broker
) -> None:
    await dead_letters.lay(price_changes(2))
    channel = await broker.connection.channel()
    await channel.queue_delete(MAIN)
    ana, progress = operator("ana"), Progress()

    with pytest.raises(ChangeFailedError) as caught:
        await ana.replay(ALL, ReplayOptions(), progress, progress.stop)

    report = caught.value.report
    assert (report.selected, report.done) == (2, 0)
    assert report.why_stopped == f"no queue takes '{MAIN}'"
    [entry] = await ana.audits(limit=10)
    assert (entry.status, entry.detail) == ("failed", report.why_stopped)
    assert await dead_letters.count() == 2


async def test_a_change_that_runs_no_longer_and_did_not_say_so_was_killed(
    operator: Operator, engine: AsyncEngine
) -> None:
    ana, lock = operator("ana"), AdvisoryLock.CHANGING_DEAD_LETTERS
    async with engine.connect() as connection, hold_lock(connection, lock, pytest.fail):
        begun = {"command": "replay", "started_by": "luis", "process": "host:1"}
        await PostgresDeadLetterAudit.begin(connection, **begun, choice={"all": True}, chosen=9)
        [running] = await ana.audits(limit=10)

    killed = await ana.audit(running.id)

    assert running.status == "running"
    assert (killed.entry.status, killed.messages) == ("killed", [])
