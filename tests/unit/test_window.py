from typing import cast

from pamqp.commands import Basic

from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.held_channel import HeldChannel, HeldMessage
from worker.infra.messaging.dead_letters.keys import message_key
from worker.infra.messaging.dead_letters.selection import SelectedKeys
from worker.infra.messaging.dead_letters.window import Window


def held(name: str) -> HeldMessage:
    message = Message(b"{}", Basic.Properties(message_id=name), "", "")
    return HeldMessage(message, 1, cast("HeldChannel", None))


def key(name: str) -> bytes:
    return message_key(held(name).message)


def test_what_is_handed_out_is_no_longer_selected_and_the_rest_is() -> None:
    selected = SelectedKeys([key("a"), key("b")])
    window = Window(selected)
    for name in ("a", "b", "stranger"):
        window.take(held(name))

    assert [letter.message_id for letter in window.next(1)] == ["a"]
    window.close()
    assert len(selected) == 1


def test_what_arrives_while_the_messages_go_back_stays_selected() -> None:
    selected = SelectedKeys([key("late")])
    window = Window(selected)
    window.close()

    window.take(held("late"))

    assert len(selected) == 1
