import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp.commands import Basic

from tests.bad_input.undecodable import FIELD_TYPES, UNDECODABLE, UNDECODABLE_NAMES
from tests.support.examples import examples
from tests.support.raw_publisher import (
    RawProperties,
    encode_properties,
    header,
    long,
    short,
    table,
    text_header,
)
from worker.infra.messaging.amqp.republished import republished_properties
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties


@pytest.fixture(scope="module", autouse=True)
def tolerance() -> None:
    tolerate_undecodable_properties()


def decoded(raw: RawProperties) -> Basic.Properties:
    wire = encode_properties(raw)
    properties = Basic.Properties()
    properties.unmarshal(struct.unpack(">H", wire[:2])[0], wire[2:])
    return properties


_KEYS = st.binary(max_size=20).filter(lambda key: key != b"readable")
_FIELDS = st.recursive(
    st.sampled_from([*FIELD_TYPES.items()])
    | st.binary(max_size=30).map(lambda raw: (b"S", long(raw)))
    | st.binary(min_size=8, max_size=8).map(lambda raw: (b"T", raw)),
    lambda inner: (
        st.lists(inner, max_size=3).map(
            lambda fields: (b"A", long(b"".join(type_ + value for type_, value in fields)))
        )
        | st.dictionaries(_KEYS, inner, max_size=3).map(
            lambda fields: (b"F", table(*(header(key, *field) for key, field in fields.items())))
        )
    ),
    max_leaves=8,
)


@examples(300)
@given(
    st.dictionaries(_KEYS, _FIELDS, max_size=5),
    st.binary(max_size=255),
    st.binary(min_size=8, max_size=8),
)
def test_whatever_a_broker_passes_on_is_decoded_and_can_be_sent_again(
    fields: dict[bytes, tuple[bytes, bytes]], text: bytes, timestamp: bytes
) -> None:
    headers = [header(key, *field) for key, field in fields.items()]
    raw = {
        "headers": table(*headers, text_header(b"readable", b"kept")),
        "message_id": short(text),
        "timestamp": timestamp,
        "app_id": short(b"after what is odd"),
    }

    properties = decoded(raw)

    assert properties.headers is not None
    assert properties.headers["readable"] == "kept"
    assert properties.app_id == "after what is odd"
    assert properties.message_id == text.decode("utf-8", "surrogateescape")
    assert republished_properties(properties, {"x-error-code": "c"}).marshal()


@pytest.mark.parametrize("name", [*UNDECODABLE, *UNDECODABLE_NAMES])
def test_the_odd_frames_of_the_table_are_decoded(name: str) -> None:
    odd = {**UNDECODABLE, **UNDECODABLE_NAMES}[name]

    properties = decoded({"app_id": short(b"/dealers"), **odd.properties})

    assert properties.app_id in {"/dealers", "\udcff"}


def test_what_is_lost_is_named_and_the_rest_is_there() -> None:
    properties = decoded(
        {
            "headers": table(
                text_header(b"before", b"1"),
                text_header(b"\xff", b"2"),
                text_header(b"after", b"3"),
            ),
            "timestamp": b"\xff" * 8,
        }
    )

    assert properties.timestamp is None
    assert properties.headers == {
        "before": "1",
        "after": "3",
        "x-undecodable": r"\ufffd, timestamp",
    }


@pytest.mark.parametrize("type_", [*FIELD_TYPES, b"\x00"])
def test_after_a_value_of_each_type_the_next_header_is_found(type_: bytes) -> None:
    properties = decoded(
        {
            "headers": table(
                text_header(b"\xff", b"undecodable"),
                header(b"k", type_, FIELD_TYPES.get(type_, b"")),
                text_header(b"after", b"kept"),
            ),
            "priority": b"\x07",
            "app_id": short(b"/s"),
        }
    )

    assert properties.headers is not None
    assert properties.headers["after"] == "kept"
    assert properties.headers.keys() >= {"k", "x-undecodable"}
    assert (properties.priority, properties.app_id) == (7, "/s")


def test_the_names_of_what_is_lost_have_an_end() -> None:
    headers = table(*(text_header(b"\xff%d" % i, b"v") for i in range(5_000)))

    properties = decoded({"headers": headers})

    assert properties.headers is not None
    assert len(str(properties.headers["x-undecodable"])) == 1024


def test_a_message_that_is_not_odd_is_decoded_as_pamqp_does() -> None:
    sent = Basic.Properties(message_id="m", headers={"k": "v"}, priority=3)
    flags, wire = struct.unpack(">H", sent.marshal()[:2])[0], sent.marshal()[2:]

    properties = Basic.Properties()
    properties.unmarshal(flags, wire)

    assert properties == sent
