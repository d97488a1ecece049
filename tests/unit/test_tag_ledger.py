from hypothesis import given
from hypothesis import strategies as st

from worker.infra.messaging.amqp.tag_ledger import Ack, TagLedger


def test_a_batch_without_gaps_is_one_acknowledgement() -> None:
    ledger = TagLedger()
    for tag in (2, 3, 1):
        ledger.settle(tag)

    assert ledger.take_acks() == [Ack(3, multiple=True)]


def test_beyond_an_unsettled_delivery_each_is_acknowledged_singly() -> None:
    ledger = TagLedger()
    for tag in (1, 3, 4):
        ledger.settle(tag)

    assert ledger.take_acks() == [
        Ack(1, multiple=True),
        Ack(3, multiple=False),
        Ack(4, multiple=False),
    ]


def test_nothing_is_acknowledged_twice_once_the_gap_closes() -> None:
    ledger = TagLedger()
    ledger.settle(2)
    ledger.take_acks()
    ledger.settle(1)

    assert ledger.take_acks() == [Ack(1, multiple=True)]


def test_a_delivery_given_back_is_passed_but_never_named() -> None:
    ledger = TagLedger()
    ledger.settle(1)
    ledger.settle_without_ack(2)

    assert ledger.take_acks() == [Ack(1, multiple=True)]


def test_every_settled_delivery_is_counted_once() -> None:
    ledger = TagLedger()
    assert ledger.settled_count == 0
    for tag in (1, 2, 5):
        ledger.settle(tag)
    ledger.settle_without_ack(6)
    assert ledger.settled_count == 4

    ledger.take_acks()
    assert ledger.settled_count == 4

    ledger.settle_without_ack(3)
    ledger.settle(4)
    ledger.take_acks()
    assert ledger.settled_count == 6


def test_where_nothing_is_settled_nothing_is_acknowledged() -> None:
    ledger = TagLedger()
    ledger.settle_without_ack(1)

    assert ledger.take_acks() == []
    assert ledger.take_acks() == []


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.randoms())
def test_a_broker_would_accept_every_ack_and_lose_no_unsettled_delivery(
    plan: list[int], rng: object
) -> None:
    """0: never settled, 1: settled, 2: given back, 3: settled, and acks are taken after it."""
    tags = list(range(1, len(plan) + 1))
    rng.shuffle(tags)  # type: ignore[attr-defined]  # hypothesis types it as Random only inside
    ledger, at_broker = TagLedger(), set(range(1, len(plan) + 1))
    settled: set[int] = set()

    def flush() -> None:
        for ack in ledger.take_acks():
            assert ack.tag in at_broker, "the broker closes the channel on an unknown tag"
            covered = {tag for tag in at_broker if tag <= ack.tag} if ack.multiple else {ack.tag}
            assert covered <= settled, "an ack covered what nobody has settled"
            at_broker.difference_update(covered)

    for tag in tags:
        action = plan[tag - 1]
        if action == 2:
            at_broker.discard(tag)
            ledger.settle_without_ack(tag)
            settled.add(tag)
        elif action:
            ledger.settle(tag)
            settled.add(tag)
        if action == 3:
            flush()
    flush()

    assert at_broker == {tag for tag in tags if plan[tag - 1] == 0}
