from collections import Counter

import aio_pika
import pytest
from pamqp import encode
from pamqp.common import FieldTable

from tests.bad_input.conftest import Aftermath, Running, Send, assert_undisturbed, look
from tests.bad_input.harmful_rows import (
    ELSEWHERE,
    EXPIRES_AFTER_MS,
    FORGED,
    HARMFUL_ROWS,
    headers_of_a_kibibyte,
)
from worker import __version__

LARGEST_HEADERS_BYTES = 64 * 1024
OUTLIVING = "outliving"
OUTLIVED = "outlived"


@pytest.fixture(scope="module")
async def copies(running: Running, send: Send) -> Counter[str]:
    """All rows, sent between good cars; how often each came to a queue that its sender named."""
    connection = await aio_pika.connect(running.servers.rabbitmq_url)
    async with connection:
        channel = await connection.channel()
        elsewhere = await channel.declare_queue(ELSEWHERE)
        for exchange in ("inventory.events", "inventory-worker"):
            await elsewhere.bind(exchange, ELSEWHERE)
        await send(HARMFUL_ROWS)
        await _outlive_them(channel)
        copies = Counter[str]()
        while copy := await elsewhere.get(no_ack=True, fail=False):
            copies[copy.correlation_id or ""] += 1
    return copies


@pytest.fixture(scope="module")
async def aftermath(running: Running, copies: Counter[str]) -> Aftermath:
    """What is left when a message that was to live longer than any of them has expired."""
    assert copies
    return await look(running.servers)


async def _outlive_them(channel: aio_pika.abc.AbstractChannel) -> None:
    """Waits for a message that expires later than all that were sent before it."""
    outlived = await channel.declare_queue(OUTLIVED)
    arguments: FieldTable = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": OUTLIVED}
    await channel.declare_queue(OUTLIVING, arguments=arguments)
    message = aio_pika.Message(b"", expiration=(EXPIRES_AFTER_MS + 500) / 1000)
    await channel.default_exchange.publish(message, OUTLIVING)
    async with outlived.iterator(timeout=30) as messages:
        await anext(messages)


@pytest.mark.parametrize("name", HARMFUL_ROWS)
def test_a_dead_letter_stays_and_is_one(name: str, aftermath: Aftermath) -> None:
    [dead] = aftermath.dead_letters[name]

    assert dead.headers["x-error-code"] == "invalid-event"
    assert dead.headers["x-attempts"] == 1
    assert dead.body == HARMFUL_ROWS[name].message(name).body
    assert len(encode.field_table(dead.headers)) <= LARGEST_HEADERS_BYTES


def test_nothing_else_is_dead_and_the_good_cars_are_there(aftermath: Aftermath) -> None:
    assert aftermath.dead_letters.keys() == HARMFUL_ROWS.keys()
    assert aftermath.cars.keys() == {f"after-{name}" for name in HARMFUL_ROWS}


def test_what_would_act_on_the_copy_is_moved_aside(aftermath: Aftermath) -> None:
    of = {name: dead for name, [dead] in aftermath.dead_letters.items()}

    assert of["bad-with-expiration"].expiration is None
    assert of["bad-with-expiration"].headers["x-original-expiration"] == str(EXPIRES_AFTER_MS)
    assert of["bad-with-user-id"].user_id is None
    assert of["bad-with-user-id"].headers["x-original-user-id"] == "guest"
    assert of["bad-with-reply-to"].reply_to is None
    assert of["bad-with-reply-to"].headers["x-original-reply-to"] == "inventory-worker"
    assert "CC" not in of["bad-with-copies"].headers
    assert of["bad-with-copies"].headers["x-original-cc"] == [ELSEWHERE, "inventory-worker"]


def test_copies_go_where_the_publisher_sent_them_and_dead_letters_do_not(
    copies: Counter[str],
) -> None:
    assert copies == {"bad-with-copies": 1, "bad-with-blind-copies": 1}


def test_60_kib_of_headers_are_kept_whole(aftermath: Aftermath) -> None:
    [dead] = aftermath.dead_letters["bad-with-60-kib-of-headers"]

    assert headers_of_a_kibibyte(60).items() <= dead.headers.items()
    assert "x-dropped-headers" not in dead.headers


def test_of_120_kib_of_headers_as_many_are_kept_as_fit_and_the_rest_is_named(
    aftermath: Aftermath,
) -> None:
    [dead] = aftermath.dead_letters["bad-with-120-kib-of-headers"]
    kept = headers_of_a_kibibyte(120).keys() & dead.headers.keys()
    dropped = str(dead.headers["x-dropped-headers"]).split(", ")

    assert len(kept) >= 60
    assert kept | set(dropped) == headers_of_a_kibibyte(120).keys()


def test_what_a_publisher_writes_into_our_headers_does_not_count(aftermath: Aftermath) -> None:
    [dead] = aftermath.dead_letters["bad-with-forged-bookkeeping"]

    forged = {name for name, value in dead.headers.items() if value in ("forged", 999)}

    assert {name.decode() for name in FORGED} & dead.headers.keys()
    assert not forged
    assert str(dead.headers["x-first-error-at"]) > "2026"
    assert dead.headers["x-replays"] == 0
    assert dead.headers["x-worker-version"] == __version__


def test_a_routing_key_that_is_not_utf_8_is_told_in_print(aftermath: Aftermath) -> None:
    [dead] = aftermath.dead_letters["bad-with-routing-key-not-utf-8"]

    assert dead.headers["x-original-routing-key"] == r"\xff\xfe"


def test_what_could_not_be_decoded_is_named(aftermath: Aftermath) -> None:
    named = {
        name: dead.headers["x-undecodable"]
        for name, [dead] in aftermath.dead_letters.items()
        if "x-undecodable" in dead.headers
    }

    assert named["bad-with-timestamp-in-microseconds"] == "timestamp"
    assert named["bad-with-header-of-deep-tables"] == "k"
    assert named["bad-with-header-key-not-utf-8"] == r"\ufffd"


def test_the_worker_took_it_all_without_a_restart(running: Running, aftermath: Aftermath) -> None:
    assert aftermath.cars
    assert_undisturbed(running)
    assert sum(running.worker.count_results().values()) == 2 * len(HARMFUL_ROWS)
