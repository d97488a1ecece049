"""A dead letter as a document, and as tables for people."""

import json
from dataclasses import asdict
from datetime import UTC
from typing import Any

import typer

from worker.cli.catalog_documents import entry_document
from worker.cli.output import print_table
from worker.dead_letters.details import Details
from worker.dead_letters.responsibility import who_acts
from worker.infra.messaging.dead_letters.canonical_json import indented
from worker.infra.messaging.dead_letters.contents import NOT_JSON, read_document
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.dead_letter_line import history_of, original_of
from worker.infra.messaging.events.json_text import MalformedJsonError
from worker.infra.printable import printable


def details_document(shown: Details) -> dict[str, Any]:
    """All that is known, for programs."""
    letter = shown.letter
    return {
        "id": letter.handle,
        "source": letter.source,
        "type": letter.type,
        "dead_letter": history_of(letter),
        "is_vanished": shown.is_vanished,
        "original": original_of(letter),
        "recorded": shown.recorded and asdict(shown.recorded),
        "car": shown.car and entry_document(shown.car),
    }


def print_details(shown: Details) -> None:
    """Prints tables, and the body as it is."""
    letter = shown.letter
    original = original_of(letter)
    named = {"type": letter.type, "source": letter.source, **history_of(letter)}
    facts = {
        **named,
        "who has to act": who_acts(letter.code),
        "in the queue": _place(shown),
        "recorded": _recorded(shown),
        "car": _car(shown),
    }
    print_table(f"dead letter {letter.handle}", ("field", "value"), facts.items())
    told = {**original["properties"]}
    told |= told.pop("headers", {})
    print_table(
        "properties and headers",
        ("name", "value"),
        [(printable(name), _text(value)) for name, value in told.items()],
    )
    typer.echo(_body(letter))


def _place(shown: Details) -> str:
    if shown.is_vanished:
        return "no longer: it has vanished"
    return f"yes, as of {shown.place_known_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def _recorded(shown: Details) -> str:
    record = shown.recorded
    if record is None:
        return "no: it was never applied"
    return f"{record.told_outcome} at {record.processed_at:%Y-%m-%d %H:%M:%S}Z"


def _car(shown: Details) -> str:
    if shown.car_id is None:
        return "the message names none"
    if shown.car is None:
        return f"{printable(shown.car_id)} is not in the catalog"
    car = shown.car.car
    price = f"{car.price.amount} MXN since {car.price.occurred_at:%Y-%m-%d %H:%M:%S}Z"
    return f"{car.id} is a {car.make} {car.model} {car.year}, {price}"


def _text(value: object) -> str:
    return printable(value if isinstance(value, str) else json.dumps(value))


def _body(letter: DeadLetter) -> str:
    document = read_document(letter.message)
    try:
        return repr(letter.message.body) if document is NOT_JSON else indented(document)
    except MalformedJsonError:
        return repr(letter.message.body)
