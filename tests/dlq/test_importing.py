import json
from pathlib import Path
from typing import Any

import pytest

from tests.dlq.conftest import Operator, Progress
from tests.dlq.dead_letters import DeadLetterQueue, apply_events, creations
from tests.support.broker import MAIN
from worker.dead_letters.dead_letters import DeadLetters
from worker.dead_letters.errors import AppliedMeanwhileError
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.engine import Sessions


async def test_an_edit_of_a_message_that_was_applied_meanwhile_changes_nothing(
    operator: Operator, dead_letters: DeadLetterQueue, sessions: Sessions, tmp_path: Path
) -> None:
    await dead_letters.lay(creations(2))
    ana, progress = operator("ana"), Progress()
    file = await export(ana, tmp_path, price_mxn="1.00")
    await apply_events(sessions, creations(1))

    with pytest.raises(AppliedMeanwhileError) as caught:
        await ana.import_(file, progress, progress.stop)

    assert (caught.value.line, caught.value.message_id) == (1, "c-0")
    assert (await dead_letters.count(), await dead_letters.count(MAIN)) == (2, 0)
    assert await ana.audits(limit=10) == []


async def test_an_import_sends_edits_in_the_place_of_their_originals(
    operator: Operator, dead_letters: DeadLetterQueue, tmp_path: Path
) -> None:
    await dead_letters.lay(creations(2))
    ana, progress = operator("ana"), Progress()
    file = await export(ana, tmp_path, price_mxn="1.00")

    report = await ana.import_(file, progress, progress.stop)

    assert (report.done, report.edited, report.not_in_queue) == (2, 2, 0)
    assert report.summary.startswith("imported 2 of 2 dead letters, 2 edited, 0 no longer in")
    sent = [message.message_id or "" for message in await dead_letters.take_all(MAIN)]
    audited = await ana.audit(report.audit_id)
    assert [message.message_id for message in audited.messages] == ["c-0", "c-1"]
    assert [message.sent_as for message in audited.messages] == sent
    assert await dead_letters.count() == 0


async def export(letters: DeadLetters, folder: Path, **changes: Any) -> Path:
    """All of them in a file, edited."""
    lines: list[str] = []
    await letters.export(Selection(), lines.append)
    documents = [json.loads(line) for line in lines]
    for document in documents:
        document["data"] |= changes
    file = folder / "edited.jsonl"
    file.write_text("".join(f"{json.dumps(document)}\n" for document in documents))
    return file
