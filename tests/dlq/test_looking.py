import asyncio
import json

import aio_pika
import pytest

from dev.servers import Servers
from tests.dlq.conftest import Dlq, DlqJson, Operator
from tests.dlq.dead_letters import (
    DeadLetterQueue,
    apply_events,
    creations,
    price_changes,
    sweep_once,
)
from tests.support.broker import DEAD_LETTERS, MAIN, Broker
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.engine import Sessions
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.browsing import DEAD_LETTERS as SPEC
from worker.infra.messaging.dead_letters.browsing import browse
from worker.infra.messaging.dead_letters.errors import NotOurQueueError


async def test_dead_letters_are_grouped_by_what_went_wrong(
    dead_letters: DeadLetterQueue, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(price_changes(3), x_error_at="2026-01-31T03:00:00.000+00:00")
    await dead_letters.lay(price_changes(1), x_replays=2)
    await dead_letters.lay(creations(1), code="car-already-exists")

    listed = dlq_json("list")

    assert listed["total"] == 5
    [first, second] = listed["groups"]
    assert first == {
        "code": "car-not-found",
        "type": "inventory.price-changed.v1",
        "messages": 4,
        "distinct": 3,
        "recorded": 0,
        "oldest": "2026-01-31T02:50:00+00:00",
        "newest": "2026-01-31T03:00:00+00:00",
        "attempts": 4,
        "replays": 2,
        "sample_id": "p-0",
        "sample_detail": "car-not-found of car-0",
        "vanished": 0,
        "note": None,
    }
    assert (second["code"], second["messages"]) == ("car-already-exists", 1)


async def test_no_dead_letters_are_an_empty_list(
    dead_letters: DeadLetterQueue,  # noqa: ARG001 - asked for because it declares the queue
    dlq: Dlq,
    dlq_json: DlqJson,
) -> None:
    assert dlq_json("list") == {
        "total": 0,
        "vanished": 0,
        "muted": 0,
        "awaited": {},
        "groups": [],
    }
    assert dlq("list").stdout.startswith("0 dead letters")


async def test_looking_fifty_times_does_not_touch_the_queue(
    dead_letters: DeadLetterQueue, empty: Servers, operator: Operator
) -> None:
    await dead_letters.lay(price_changes(30))
    counts = [message.headers.get("x-delivery-count") or 0 for message in await _look(empty)]
    ana = operator("ana")

    for _ in range(50):
        assert (await ana.groups(Selection())).total == 30
        assert len(await ana.details("p-7")) == 1
    lines: list[str] = []
    assert await ana.export(Selection(), lines.append) == 30
    assert [json.loads(line)["message_id"] for line in lines] == [f"p-{i}" for i in range(30)]
    assert (await ana.rehearse(Selection())).selected == 30
    assert len((await ana.where_is("p-7")).queued) == 1

    assert counts == [1] * 30  # by the sweep
    taken = await dead_letters.take_all()
    assert [message.headers["x-delivery-count"] for message in taken] == [2] * 30  # by `_look`


async def test_many_who_look_at_once_see_everything(
    dead_letters: DeadLetterQueue, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(price_changes(500))

    listed = await asyncio.gather(*(asyncio.to_thread(dlq_json, "list") for _ in range(3)))

    assert [document["total"] for document in listed] == [500, 500, 500]


async def test_what_a_filter_leaves_out_is_not_listed(
    dead_letters: DeadLetterQueue, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(price_changes(4))
    await dead_letters.lay(creations(2), x_error_at="2026-01-31T04:00:00.000+00:00")

    def listed(*filters: str) -> int:
        return sum(group["messages"] for group in dlq_json("list", *filters)["groups"])

    assert listed("--code", "car-not-found") == 6
    assert listed("--type", "inventory.car-created.v1") == 2
    assert listed("--car", "car-1") == 2
    assert listed("--since", "2026-01-31T03:00:00Z") == 2
    assert listed("--until", "2026-01-31T03:00:00Z", "--limit", "3") == 3
    assert listed("--id", "p-1", "--id", "c-1") == 2
    assert listed("--since", "1h") == 0


async def test_ids_that_are_recorded_already_are_counted(
    dead_letters: DeadLetterQueue, dlq_json: DlqJson, sessions: Sessions
) -> None:
    await dead_letters.lay(creations(3), code="message-id-reused")
    await apply_events(sessions, creations(2))

    [group] = dlq_json("list")["groups"]

    assert group["recorded"] == 2


async def test_what_the_broker_or_another_program_put_there_is_told_apart(
    dead_letters: DeadLetterQueue, empty: Servers, broker: Broker, dlq_json: DlqJson
) -> None:
    nameless = aio_pika.Message(b"\xff\x00 no JSON", headers={"x-no-message-id": True})
    forged = aio_pika.Message(b"{}", headers={"x-error-code": "car-not-found", "x-replays": 7})
    await dead_letters.lay_messages([nameless])
    channel = await broker.connection.channel()
    exchange = await channel.get_exchange("inventory-worker", ensure=False)
    await exchange.publish(forged, MAIN)
    main = await channel.get_queue(MAIN)
    rejected = await main.get()
    await rejected.reject(requeue=False)

    await dead_letters.wait_count(2)
    await sweep_once(empty)
    groups = {group["code"]: group for group in dlq_json("list")["groups"]}

    assert groups.keys() == {"foreign", "broker:rejected"}
    assert groups["broker:rejected"]["replays"] == 0
    assert groups["foreign"]["sample_id"].startswith("nameless-")


async def test_a_queue_of_our_name_that_is_not_ours_is_never_touched(
    empty: Servers, broker: Broker, dlq: Dlq
) -> None:
    channel = await broker.connection.channel()
    await channel.declare_queue(DEAD_LETTERS, durable=True)
    await channel.default_exchange.publish(aio_pika.Message(b"{}"), DEAD_LETTERS)

    discarded = dlq("discard", "--all", "--to", "never-written.jsonl")

    assert discarded.returncode == 1
    assert discarded.stderr.startswith(
        f"inventory-worker: queue {DEAD_LETTERS} has other arguments"
    )
    assert discarded.stderr.count("\n") == 1
    message = await (await channel.get_queue(DEAD_LETTERS)).get(no_ack=True)
    assert not message.redelivered
    with pytest.raises(NotOurQueueError):
        await _look(empty)


async def test_show_tells_all_that_is_known_of_a_message(
    dead_letters: DeadLetterQueue, dlq: Dlq, dlq_json: DlqJson, sessions: Sessions
) -> None:
    await apply_events(sessions, creations(1))
    await dead_letters.lay(price_changes(1), code="unexpected-error")

    [shown] = dlq_json("show", "p-0")
    told = dlq("show", "p-0").stdout

    assert shown["dead_letter"]["code"] == "unexpected-error"
    assert shown["recorded"] is None
    assert shown["car"]["make"] == "Nissan"
    assert json.loads(shown["original"]["body"]) == price_changes(1)[0].data
    for text in ("car-0 is a Nissan Versa 2020", '"price_mxn": "100000.00"', "x-attempts"):
        assert text in told


async def test_an_unknown_id_is_one_line(dead_letters: DeadLetterQueue, dlq: Dlq) -> None:
    await dead_letters.lay(price_changes(1))

    shown = dlq("show", "nobody")

    assert shown.returncode == 1
    assert (
        shown.stderr == "inventory-worker: no dead letter has the id nobody; nothing was changed\n"
    )


async def _look(servers: Servers) -> list[Message]:
    return [
        message
        async for messages in browse(servers.rabbitmq_url, SPEC, DEFAULT_DURATIONS)
        for message in messages
    ]
