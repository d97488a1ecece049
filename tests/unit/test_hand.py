from pamqp.commands import Basic

from tests.support.messages import NoChannel
from worker.infra.messaging.dead_letters.choice import FrozenChoice
from worker.infra.messaging.dead_letters.fingerprint import fingerprint
from worker.infra.messaging.dead_letters.hand import Hand
from worker.infra.messaging.delivery import Delivery


def letter(name: str) -> Delivery:
    return Delivery(1, b"{}", Basic.Properties(message_id=name), "", "", NoChannel())


def test_what_is_handed_out_is_no_longer_chosen_and_the_rest_is() -> None:
    chosen = FrozenChoice([fingerprint(letter("a")), fingerprint(letter("b"))])
    hand = Hand(chosen)
    for name in ("a", "b", "stranger"):
        hand.take(letter(name))

    assert [dead.message_id for dead in hand.next(1)] == ["a"]
    hand.close()
    assert len(chosen) == 1


def test_what_arrives_while_the_messages_go_back_stays_chosen() -> None:
    chosen = FrozenChoice([fingerprint(letter("late"))])
    hand = Hand(chosen)
    hand.close()

    hand.take(letter("late"))

    assert len(chosen) == 1
