"""Dead letters as records, which hold all that it takes to send the message again."""

import json

from worker.domain.ports.dead_letter_records import DeadLetterRecord
from worker.infra.messaging.dead_letters.contents import read_car_id
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter, read_dead_letter
from worker.infra.messaging.dead_letters.dead_letter_line import envelope_of, with_envelope
from worker.infra.printable import printable


def to_record(letter: DeadLetter, *, redelivered: bool = False) -> DeadLetterRecord:
    """The record of a letter; its texts are safe for the database."""
    car_id, history = read_car_id(letter.message), letter.history
    return DeadLetterRecord(
        key=letter.key,
        content_key=letter.content_key,
        handle=letter.handle,
        source=letter.source,
        message_id=letter.message_id,
        type=letter.type,
        car_id=None if car_id is None else printable(car_id),
        code=letter.code,
        detail=letter.detail,
        died_at=letter.died_at,
        first_failed_at=letter.first_failed_at,
        attempts=history.attempts,
        replays=history.replays,
        exchange=printable(history.original_exchange),
        routing_key=printable(history.original_routing_key),
        envelope=json.dumps(envelope_of(letter.message)),
        body=letter.message.body,
        redelivered=redelivered,
    )


def to_letter(record: DeadLetterRecord) -> DeadLetter:
    """The letter as it was in the queue."""
    return read_dead_letter(with_envelope(record.body, json.loads(record.envelope)))
