"""Dead letters that another client put into the queue, with headers as it wrote them."""

from dev.servers import Servers
from tests.dlq.conftest import DlqJson
from tests.dlq.dead_letters import DeadLetterQueue
from tests.support.broker import DEAD_LETTERS, MAIN
from tests.support.raw_publisher import header, raw_publisher, short, table, text_header

NESTED = header(b"nested", b"F", table(text_header(b"z", b"1"), text_header(b"a", b"2")))
UNSORTED = table(
    text_header(b"zone", b"mx"),
    NESTED,
    text_header(b"x-error-code", b"invalid-event"),
    header(b"amount", b"I", b"\x00\x00\x00\x07"),
    text_header(b"Capital", b"C"),
)


async def test_a_letter_with_unsorted_headers_is_replayed_at_once(
    empty: Servers, dead_letters: DeadLetterQueue, dlq_json: DlqJson
) -> None:
    async with raw_publisher(empty.rabbitmq_url) as publisher:
        await publisher.publish(
            b"{}",
            {"headers": UNSORTED, "message_id": short(b"by-hand")},
            DEAD_LETTERS.encode(),
            exchange=b"inventory-worker",
        )
    await dead_letters.wait_count(1)

    replayed = dlq_json("replay", "--all")

    assert (replayed["done"], replayed["stopped"]) == (1, None)
    [message] = await dead_letters.take_all(MAIN)
    assert message.headers["nested"] == {"z": "1", "a": "2"}
