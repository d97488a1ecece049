"""The body of a message for a person, with what is wrong in it marked."""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.canonical_json import indented
from worker.infra.messaging.dead_letters.contents import (
    NOT_JSON,
    is_structured,
    read_data,
    read_document,
)
from worker.infra.messaging.events.json_text import MalformedJsonError
from worker.infra.messaging.events.wire_events import EVENT_TYPES
from worker.infra.printable import printable

LONGEST = 64 * 1024
"""So many characters are shown; the rest can be downloaded."""

_FIELD = re.compile(r"(?:^|; )([a-z_]+): ")
_POSITION = re.compile(r"\(char (\d+)\)$")
_BYTE = re.compile(r"not UTF-8 at byte (\d+)$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a body; `wrong` is the part of it that is marked, between the other two."""

    before: str
    wrong: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class BodyShown:
    """The lines; `missing` names fields that should be there, `is_cut` if not all is shown."""

    lines: Sequence[Line]
    missing: Sequence[str]
    is_json: bool
    is_cut: bool


def show_body(message: Message, type_: str, problem: str) -> BodyShown:
    """The body; `problem` is why it was refused, as the decoder says it."""
    document = read_document(message)
    if document is NOT_JSON:
        return _show_text(message.body, problem)
    try:
        text = indented(document)
    except MalformedJsonError:
        return _show_text(message.body, problem)
    data = read_data(message)
    names = set(data) if isinstance(data, dict) else set()
    wrong = _wrong_fields(type_, problem)
    indent = 4 if is_structured(message) else 2
    lines = list(_mark(text[:LONGEST], wrong & names, indent))
    missing = sorted(wrong - names) if isinstance(data, dict) else []
    return BodyShown(lines, missing, is_json=True, is_cut=len(text) > LONGEST)


def _wrong_fields(type_: str, problem: str) -> set[str]:
    event = EVENT_TYPES.get(type_)
    known = set() if event is None else set(event.model_fields)
    return known.intersection(_FIELD.findall(problem))


def _mark(text: str, wrong: Collection[str], indent: int) -> Iterator[Line]:
    starts = tuple(f"{' ' * indent}{json.dumps(name)}: " for name in wrong)
    for line in text.splitlines():
        told = printable(line)
        if starts and line.startswith(starts):
            blanks = len(told) - len(told.lstrip())
            has_comma = told.endswith(",")
            end = len(told) - has_comma
            yield Line(told[:blanks], told[blanks:end], told[end:])
        else:
            yield Line(told)


def _show_text(body: bytes, problem: str) -> BodyShown:
    """A body that is no JSON; bytes that are no UTF-8 are escaped."""
    start, end = _wrong_place(body, problem)
    parts = [_text(body[:start]), _text(body[start:end]), _text(body[end:])]
    before, wrong, after = _cut(parts)
    first, *rest = after.split("\n") if after else [""]
    *full, last = before.split("\n")
    lines = [*map(_plain, full), Line(printable(last), printable(wrong), printable(first))]
    lines += map(_plain, rest)
    return BodyShown(lines, [], is_json=False, is_cut=sum(map(len, parts)) > LONGEST)


def _wrong_place(body: bytes, problem: str) -> tuple[int, int]:
    """Where the parser stopped, in bytes; the end of the body twice if it does not say."""
    if found := _BYTE.search(problem):
        return int(found[1]), int(found[1]) + 1
    if found := _POSITION.search(problem):
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return len(body), len(body)
        place = int(found[1])
        return len(text[:place].encode()), len(text[: place + 1].encode())
    return len(body), len(body)


def _cut(parts: Sequence[str]) -> list[str]:
    left, cut = LONGEST, []
    for part in parts:
        cut.append(part[:left])
        left -= len(cut[-1])
    return cut


def _text(part: bytes) -> str:
    return part[: 4 * LONGEST].decode("utf-8", "backslashreplace")


def _plain(line: str) -> Line:
    return Line(printable(line))
