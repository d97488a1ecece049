"""What operators do, in this process: as the command line does it, and other fronts could."""

import json
from pathlib import Path

from tests.dlq.conftest import Operator, Progress
from tests.dlq.dead_letters import DeadLetterQueue, apply_events, creations, price_changes
from tests.support.broker import MAIN
from worker.dead_letters.rehearsal import Verdict
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.engine import Sessions


async def test_a_rehearsal_says_what_would_happen_and_changes_nothing(
    operator: Operator, dead_letters: DeadLetterQueue
) -> None:
    await dead_letters.lay(price_changes(3) + creations(2))

    report = await operator("ana").rehearse(Selection())

    applied, early = report.verdicts
    assert report.selected == 5
    assert applied == Verdict("would apply", None, 4, "c-0", "")
    assert early == Verdict("early", None, 1, "p-2", "")
    assert (await dead_letters.count(), await dead_letters.count(MAIN)) == (5, 0)


async def test_discarded_letters_are_in_the_file_and_the_others_in_the_queue(
    operator: Operator, dead_letters: DeadLetterQueue, tmp_path: Path
) -> None:
    await dead_letters.lay(price_changes(3) + creations(2))
    progress, file = Progress(), tmp_path / "discarded.jsonl"

    selection = Selection(type="inventory.price-changed.v1", limit=2)
    report = await operator("ana").discard(selection, file, progress, progress.stop)

    assert (report.done, report.why_stopped) == (2, "")
    assert [json.loads(line)["message_id"] for line in file.read_text().splitlines()] == [
        "p-0",
        "p-1",
    ]
    left = {message.message_id for message in await dead_letters.take_all()}
    assert left == {"p-2", "c-0", "c-1"}


async def test_a_message_is_found_where_it_is(
    operator: Operator, dead_letters: DeadLetterQueue, sessions: Sessions
) -> None:
    await dead_letters.lay(creations(2))
    await apply_events(sessions, creations(1))

    applied, dead = await operator("ana").where_is("c-0"), await operator("ana").where_is("c-1")

    assert [record.outcome for record in applied.recorded] == ["applied"]
    assert not dead.recorded
    assert [(queued.is_dead, queued.letter.handle) for queued in dead.queued] == [(True, "c-1")]
