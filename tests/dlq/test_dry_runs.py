"""What a discard or an import would do is said, and nothing is done."""

import json
from dataclasses import replace
from pathlib import Path

from tests.dlq.conftest import Dlq, DlqJson, Operator
from tests.dlq.dead_letters import DeadLetterQueue, apply_events, creations, price_changes
from tests.dlq.test_importing import export
from tests.support.broker import MAIN
from worker.infra.db.engine import Sessions


async def test_a_discard_that_is_rehearsed_counts_what_it_would_take(
    dead_letters: DeadLetterQueue, dlq: Dlq, dlq_json: DlqJson, tmp_path: Path
) -> None:
    await dead_letters.lay(price_changes(3))
    await dead_letters.lay(creations(2), code="car-already-exists")
    file = tmp_path / "taken.jsonl"

    told = dlq("discard", "--code", "car-not-found", "--dry-run", "--to", str(file))
    document = dlq_json("discard", "--limit", "4", "--dry-run")

    assert told.returncode == 0
    assert told.stdout.startswith("3 dead letters would be discarded")
    assert told.stdout.endswith("nothing was changed\n")
    assert document["chosen"] == 4
    assert [(group["code"], group["messages"]) for group in document["groups"]] == [
        ("car-not-found", 3),
        ("car-already-exists", 1),
    ]
    assert not file.exists()
    assert await dead_letters.count() == 5
    assert dlq_json("audit") == []


async def test_an_import_that_is_rehearsed_says_what_would_become_of_each(
    dead_letters: DeadLetterQueue,
    operator: Operator,
    sessions: Sessions,
    dlq: Dlq,
    dlq_json: DlqJson,
    tmp_path: Path,
) -> None:
    [created] = creations(1)
    contrary = replace(created, message_id="contrary", data=created.data | {"year": 2021})
    await dead_letters.lay([*price_changes(2), created, contrary])
    file = await export(operator("ana"), tmp_path, price_mxn="1.00")
    await dead_letters.lay(price_changes(3, "more"))
    lines = file.read_text().splitlines()
    gone = json.loads(lines[0])
    assert dlq("replay", "--id", gone["message_id"]).returncode == 0

    document = dlq_json("import", str(file), "--dry-run")
    told = dlq("import", str(file), "--dry-run").stdout

    assert (document["chosen"], document["edited"], document["not_in_queue"]) == (4, 4, 1)
    verdicts = {verdict["outcome"]: verdict["messages"] for verdict in document["verdicts"]}
    assert verdicts == {"would apply": 2, "early": 1, "would fail again": 1}
    assert "4 messages, 4 edited, 1 no longer in the queue, if they were imported now" in told
    assert told.endswith("nothing was changed\n")
    assert (await dead_letters.count(), await dead_letters.count(MAIN)) == (6, 1)
    assert [entry["command"] for entry in dlq_json("audit")] == ["replay"]

    await apply_events(sessions, creations(1))
    refused = dlq("import", str(file), "--dry-run")
    assert refused.returncode == 1
    assert "message c-0 was applied already" in refused.stderr
