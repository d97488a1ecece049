"""The table of bad input by the decoder alone; `tests/bad_input` sends it to a broker."""

import struct
from datetime import UTC, datetime

import pytest
from pamqp.commands import Basic

from tests.bad_input.envelope_rows import ENVELOPE_ROWS, structured
from tests.bad_input.field_rows import FIELD_ROWS
from tests.bad_input.json_rows import JSON_ROWS
from tests.bad_input.row import Row
from tests.support.messages import message_with
from tests.support.raw_publisher import encode_properties, short
from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties
from worker.infra.messaging.events.decoding import Decoder

ROWS = {**JSON_ROWS, **FIELD_ROWS, **ENVELOPE_ROWS}


class BrokenDecoder(Decoder):
    def decode(self, delivery: object) -> CommandMessage:
        raise KeyError(delivery)


def decode(
    row: Row, decoder: Decoder | None = None, name: str = "name"
) -> CommandMessage | Failure:
    tolerate_undecodable_properties()
    message = row.message(name)
    wire = encode_properties(message.properties)
    properties = Basic.Properties()
    properties.unmarshal(struct.unpack(">H", wire[:2])[0], wire[2:])
    decoder = decoder or Decoder(lambda: datetime.now(UTC))
    return decoder.try_decode(message_with(message.body, properties))


@pytest.mark.parametrize("name", ROWS)
def test_bad_input_is_a_failure_with_its_code(name: str) -> None:
    failure = decode(ROWS[name], name=name)

    assert isinstance(failure, Failure)
    assert failure.code == ROWS[name].code
    assert failure.detail.isprintable()


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("byte-order-mark", "body: begins with a byte order mark"),
        ("nan", "body: NaN is not JSON"),
        ("array", "data: found an array, allowed is a JSON object"),
        ("year-true", "year: found true, allowed is a JSON number"),
        ("make-null", "make: found null, allowed is a string"),
        ("make-missing", "make: is missing"),
        ("structured-without-source", "CloudEvents attribute missing: source"),
    ],
)
def test_a_detail_says_what_was_found_and_what_is_allowed(name: str, detail: str) -> None:
    failure = decode(ROWS[name])

    assert isinstance(failure, Failure)
    assert detail in failure.detail


def test_the_identity_is_the_source_and_the_id() -> None:
    plain = decode(Row(None, properties={"app_id": short(b"/dealers")}))
    whole = decode(structured(None, source="/dealers"))

    assert isinstance(plain, CommandMessage)
    assert isinstance(whole, CommandMessage)
    assert plain.identity == whole.identity == ("/dealers", "name")
    assert plain.digest == whole.digest


def test_a_bug_in_decoding_costs_its_message_only() -> None:
    failure = decode(Row(None), BrokenDecoder(lambda: datetime.now(UTC)))

    assert isinstance(failure, Failure)
    assert failure.code == "unexpected-error"
    assert failure.detail.startswith("KeyError at test_decoding.py:")
