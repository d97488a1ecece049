import asyncio
from dataclasses import replace

import aio_pika
from pamqp.common import FieldTable

from tests.dlq.conftest import SHORT, Operator, Progress
from tests.dlq.dead_letters import DIED_AT, DeadLetterQueue, price_changes
from tests.support.broker import MAIN
from worker.dead_letters.change_report import CanaryResult, DeadAgain
from worker.dead_letters.replay_options import ReplayOptions
from worker.domain.value_objects.dead_letter_selection import Selection

ALL = Selection()


async def test_a_failing_canary_stops_the_replay_and_says_which_failed_and_why(
    operator: Operator, dead_letters: DeadLetterQueue
) -> None:
    await dead_letters.lay(price_changes(5), code="unknown-type")
    ana, progress = operator("ana"), Progress()

    report, _ = await asyncio.gather(
        ana.replay(ALL, ReplayOptions(canary=2), progress, progress.stop),
        fail_again(dead_letters, 2),
    )

    failed = [DeadAgain("p-0", "unknown-type"), DeadAgain("p-1", "unknown-type")]
    assert report.canary == CanaryResult(good=0, dead_again=failed, no_outcome=[])
    assert report.why_stopped == "the canary failed: 2 of 2 are dead again, p-0 with unknown-type"
    assert (report.selected, report.done) == (progress.total, progress.done) == (5, 2)
    assert (await dead_letters.count(), await dead_letters.count(MAIN)) == (5, 0)
    [entry] = await ana.audits(limit=10)
    assert (entry.status, entry.detail) == ("stopped", report.why_stopped)
    assert (entry.started_by, entry.first_ids) == ("ana", ["p-0", "p-1"])


async def test_a_canary_that_nobody_handles_stops_the_replay(
    operator: Operator, dead_letters: DeadLetterQueue
) -> None:
    await dead_letters.lay(price_changes(3), code="unknown-type")
    progress, impatient = Progress(), replace(SHORT, outcome_patience=0.2)

    report = await operator("ana", impatient).replay(
        ALL, ReplayOptions(canary=1), progress, progress.stop
    )

    assert report.canary == CanaryResult(good=0, dead_again=[], no_outcome=["p-0"])
    assert "is a worker running?" in report.why_stopped
    assert (await dead_letters.count(), await dead_letters.count(MAIN)) == (2, 1)


async def fail_again(queue: DeadLetterQueue, count: int) -> None:
    """Does what a worker does with so many messages of a type that it does not know."""
    await queue.wait_count(count, MAIN)
    failed: FieldTable = {"x-error-code": "unknown-type", "x-error-at": DIED_AT}
    await queue.lay_messages(
        aio_pika.Message(
            message.body,
            content_type=message.content_type,
            message_id=message.message_id,
            type=message.type,
            app_id=message.app_id,
            headers={**message.headers, **failed},
        )
        for message in await queue.take_all(MAIN)
    )
