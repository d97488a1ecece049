import pytest
from pamqp.commands import Basic
from pamqp.common import FieldValue

from tests.support.messages import NoChannel
from worker.infra.messaging.delivery import Delivery


def delivered(count: FieldValue, *, redelivered: bool) -> Delivery:
    properties = Basic.Properties(headers={"x-delivery-count": count})
    return Delivery(1, b"", properties, "", "", NoChannel(), redelivered)


def test_a_message_delivered_for_the_third_time_is_a_suspect() -> None:
    assert delivered(2, redelivered=True).is_suspect
    assert not delivered(1, redelivered=True).is_suspect


@pytest.mark.parametrize("count", [99, 2.0, "99", True, None, {"count": 99}])
def test_a_count_that_a_publisher_wrote_makes_no_suspect(count: FieldValue) -> None:
    assert not delivered(count, redelivered=False).is_suspect


@pytest.mark.parametrize("count", ["99", True, None, {"count": 99}])
def test_a_count_that_is_no_number_makes_no_suspect(count: FieldValue) -> None:
    assert not delivered(count, redelivered=True).is_suspect


def test_a_fingerprint_tells_messages_apart_whatever_their_ids_hold() -> None:
    of = [
        Delivery(1, body, Basic.Properties(message_id=id_), "", "", NoChannel()).fingerprint
        for body in (b"", b"\xff")
        for id_ in (None, "", "\udcff", "a")
    ]

    assert len(set(of)) == len(of)
