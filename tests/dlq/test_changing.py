import asyncio
import json
import signal
from pathlib import Path
from typing import Any

from aio_pika import Message
from pamqp.common import FieldTable

from tests.conftest import StartWorker
from tests.dlq.conftest import Dlq, DlqJson, StartDlq
from tests.dlq.dead_letters import DeadLetterQueue, creations, price_changes
from tests.support.broker import DEAD_LETTERS, MAIN, Broker


async def test_a_replay_keeps_the_message_and_counts_itself(
    dead_letters: DeadLetterQueue, dlq_json: DlqJson
) -> None:
    [event] = price_changes(1)
    await dead_letters.lay([event], x_replays=1, x_tenant="mx", x_original_user_id="them")

    dlq_json("replay", "--all")

    [message] = await dead_letters.take_all(MAIN)
    assert (message.body, message.message_id) == (event.body, event.message_id)
    assert (message.type, message.app_id, message.delivery_mode) == (event.type, event.source, 2)
    headers = {k: v for k, v in message.headers.items() if k != "x-delivery-count"}
    assert headers == {
        "x-replays": 2,
        "x-original-exchange": "inventory.events",
        "x-original-routing-key": event.type,
        "x-first-error-at": "2026-01-31T02:50:00.000+00:00",
        "x-tenant": "mx",
        "x-original-user-id": "them",
    }


async def test_a_replay_leaves_out_how_often_the_letter_was_delivered(
    dead_letters: DeadLetterQueue, broker: Broker, dlq_json: DlqJson
) -> None:
    """RabbitMQ 4.3 counts in a second header, `x-acquired-count`."""
    await dead_letters.lay(price_changes(1))
    channel = await broker.connection.channel()
    queue = await channel.get_queue(DEAD_LETTERS)
    for _ in range(2):
        await (await queue.get(timeout=10)).nack()
        await dead_letters.wait_count(1)

    dlq_json("replay", "--all")

    [message] = await dead_letters.take_all(MAIN)
    assert not [name for name, count in message.headers.items() if name.endswith("count") and count]


async def test_a_replay_gives_no_id_to_a_message_without_one(
    start_worker: StartWorker, dead_letters: DeadLetterQueue, dlq_json: DlqJson
) -> None:
    worker = start_worker()
    [event] = price_changes(1)
    nameless: FieldTable = {"x-error-code": "missing-message-id", "x-no-message-id": True}
    await dead_letters.lay_messages([Message(event.body, type=event.type, headers=nameless)])

    for replays in (1, 2):
        dlq_json("replay", "--all")
        assert worker.wait_results(replays) == {"missing-message-id": replays}
        await dead_letters.wait_count(1)

    [group] = dlq_json("list")["groups"]
    assert (group["replays"], group["recorded"]) == (2, 0)
    assert group["sample_id"].startswith("nameless-")


async def test_what_arrives_after_the_start_is_not_touched(
    dead_letters: DeadLetterQueue, start_dlq: StartDlq, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(price_changes(10))
    replay = start_dlq("replay", "--all", "--rate", "5/s", "--json")
    await dead_letters.wait_count(1, MAIN)
    await dead_letters.lay(price_changes(10, "later"))

    stdout, _ = await asyncio.to_thread(replay.communicate)

    assert json.loads(stdout)["done"] == 10
    assert {message.message_id for message in await dead_letters.take_all(MAIN)} == {
        event.message_id for event in price_changes(10)
    }
    assert dlq_json("list", "--id", "later-3")["total"] == 10


async def test_a_message_that_is_there_twice_is_replayed_twice_and_a_copy_of_it_not(
    dead_letters: DeadLetterQueue, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(price_changes(1) * 2)
    await dead_letters.lay(price_changes(1), x_error_at="2026-01-31T03:00:00.000+00:00")

    replayed = dlq_json("replay", "--until", "2026-01-31T02:55:00Z")

    assert replayed["done"] == 2
    assert await dead_letters.count(MAIN) == 2
    assert await dead_letters.count() == 1


async def test_ctrl_c_stops_between_two_messages_and_says_how_far_it_came(
    dead_letters: DeadLetterQueue, start_dlq: StartDlq, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(price_changes(50))
    replay = start_dlq("replay", "--all", "--rate", "10/s")
    await dead_letters.wait_count(5, MAIN)

    replay.send_signal(signal.SIGINT)
    _, stderr = await asyncio.to_thread(replay.communicate)

    replayed, left = await dead_letters.count(MAIN), await dead_letters.count()
    assert replay.returncode == 1
    assert replayed + left == 50
    assert f"replayed {replayed} of 50 dead letters; {left} are untouched" in stderr
    [entry] = dlq_json("audit")
    assert (entry["status"], entry["chosen"], entry["done"]) == ("stopped", 50, replayed)


async def test_the_second_command_that_would_change_something_says_who_is_at_it(
    dead_letters: DeadLetterQueue, start_dlq: StartDlq, dlq: Dlq, tmp_path: Path
) -> None:
    await dead_letters.lay(price_changes(20))
    start_dlq("replay", "--all", "--rate", "1/s", "--by", "ana")
    await dead_letters.wait_count(1, MAIN)

    second = dlq("discard", "--all", "--to", str(tmp_path / "never-written.jsonl"))

    assert second.returncode == 1
    assert second.stderr.startswith("inventory-worker: dlq replay by ana on ")
    assert "nothing was changed" in second.stderr
    assert not await asyncio.to_thread(lambda: list(tmp_path.iterdir()))


async def test_a_list_beside_a_slow_replay_sees_all_that_is_left(
    dead_letters: DeadLetterQueue, start_dlq: StartDlq, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(price_changes(200))
    start_dlq("replay", "--all", "--rate", "1/s")
    await dead_letters.wait_count(1, MAIN)

    listed = await asyncio.to_thread(dlq_json, "list")

    assert 200 - await dead_letters.count(MAIN) <= listed["total"] <= 199


async def test_discarded_messages_are_in_the_file_and_can_come_back(
    dead_letters: DeadLetterQueue, dlq_json: DlqJson, tmp_path: Path
) -> None:
    events = price_changes(3)
    await dead_letters.lay(events)
    file = tmp_path / "discarded.jsonl"

    discarded = dlq_json("discard", "--code", "car-not-found", "--to", str(file), "--by", "ana")
    assert (discarded["done"], await dead_letters.count()) == (3, 0)
    imported = dlq_json("import", str(file))

    assert imported == {
        "audit": imported["audit"],
        "chosen": 3,
        "done": 3,
        "stopped": None,
        "edited": 0,
        "not_in_queue": 3,
    }
    back = {(m.message_id, m.body, m.app_id) for m in await dead_letters.take_all(MAIN)}
    assert back == {(event.message_id, event.body, event.source) for event in events}
    [second, first] = dlq_json("audit")
    assert (first["command"], first["started_by"], first["done"]) == ("discard", "ana", 3)
    assert first["first_ids"] == ["p-0", "p-1", "p-2"]
    assert second["command"] == "import"


async def test_an_edit_takes_the_place_of_its_original(
    start_worker: StartWorker,
    dead_letters: DeadLetterQueue,
    dlq_json: DlqJson,
    dlq: Dlq,
    tmp_path: Path,
) -> None:
    worker = start_worker()
    [original, other] = creations(2)
    wrong = original.data | {"price_mxn": "0"}
    await dead_letters.lay([type(original)(original.type, original.source, "c-0", wrong), other])
    edit = _edit(dlq, tmp_path, "c-0", price_mxn="150000.00")

    first = dlq_json("import", str(edit))
    assert worker.wait_results(1) == {"applied": 1}
    second = dlq_json("import", str(edit))
    assert worker.wait_results(2) == {"applied": 1, "duplicate": 1}

    assert (first["edited"], first["not_in_queue"]) == (1, 0)
    assert (second["edited"], second["not_in_queue"]) == (1, 1)
    assert await dead_letters.count() == 1
    told = dlq_json("audit", str(first["audit"]))["messages"]
    assert told[0]["message_id"] == "c-0"
    assert told[0]["sent_as"].startswith("edit-")


async def test_an_edit_of_a_message_that_was_applied_meanwhile_is_refused(
    start_worker: StartWorker,
    dead_letters: DeadLetterQueue,
    dlq_json: DlqJson,
    dlq: Dlq,
    tmp_path: Path,
) -> None:
    worker = start_worker()
    await dead_letters.lay(creations(1))
    edit = _edit(dlq, tmp_path, "c-0", price_mxn="1.00")
    dlq_json("replay", "--all")
    assert worker.wait_results(1) == {"applied": 1}

    refused = dlq("import", str(edit))

    assert refused.returncode == 1
    assert "line 1: message c-0 was applied already" in refused.stderr
    assert refused.stderr.count("\n") == 1


async def test_an_edit_that_would_fail_again_is_refused(
    dead_letters: DeadLetterQueue, dlq: Dlq, tmp_path: Path
) -> None:
    await dead_letters.lay(price_changes(1))
    edit = _edit(dlq, tmp_path, "p-0", note="x" * 300_000)

    refused = dlq("import", str(edit))

    assert refused.returncode == 2
    assert "line 1: body: found 300" in refused.stderr
    assert "(too-large); nothing was changed" in refused.stderr
    assert await dead_letters.count() == 1


def _edit(dlq: Dlq, folder: Path, message_id: str, **changes: Any) -> Path:
    line = json.loads(dlq("export", "--id", message_id).stdout)
    line["data"] |= changes
    file = folder / "edited.jsonl"
    file.write_text(json.dumps(line))
    return file
