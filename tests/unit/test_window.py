from typing import cast

from pamqp.commands import Basic

from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.held_channel import HeldChannel, HeldMessage
from worker.infra.messaging.dead_letters.keys import message_key
from worker.infra.messaging.dead_letters.selected_keys import SelectedKeys
from worker.infra.messaging.dead_letters.window import LARGEST_BYTES, Window


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


def of_size(name: str, size: int) -> HeldMessage:
    message = Message(bytes(size), Basic.Properties(message_id=name), "", "")
    return HeldMessage(message, 1, cast("HeldChannel", None))


def window_with(*messages: HeldMessage) -> tuple[Window, SelectedKeys]:
    selected = SelectedKeys(message_key(each.message) for each in messages)
    window = Window(selected)
    for each in messages:
        window.take(each)
    return window, selected


def test_bodies_up_to_the_limit_fit_and_one_more_byte_is_set_aside() -> None:
    exact = window_with(of_size("a", LARGEST_BYTES - 10), of_size("b", 10))[0]
    above, selected = window_with(of_size("a", LARGEST_BYTES - 10), of_size("b", 11))

    assert (len(exact), exact.set_aside) == (2, 0)
    assert (len(above), above.set_aside, len(selected)) == (1, 1, 1)


def test_a_single_body_fits_whatever_its_size() -> None:
    window, _ = window_with(of_size("a", LARGEST_BYTES + 1))

    assert (len(window), window.set_aside) == (1, 0)


def test_what_was_handed_out_makes_room() -> None:
    window, selected = window_with(of_size("a", LARGEST_BYTES - 10))
    later = [of_size("b", 10), of_size("c", 10)]
    for each in later:
        selected.put_back(message_key(each.message))

    assert len(window.next(5)) == 1
    for each in later:
        window.take(each)

    assert (len(window), window.set_aside) == (2, 0)


def test_the_limit_is_32_mib() -> None:
    assert LARGEST_BYTES == 33_554_432
