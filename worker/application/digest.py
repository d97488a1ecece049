"""A digest of what a command says, stored beside the id of its message."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from hashlib import blake2b
from operator import attrgetter, call
from typing import Any, NamedTuple, get_type_hints

from worker.application.commands import Command

DIGEST_BYTES = 16
_SEPARATOR = "\x1f"  # no field can hold it: control characters are refused
_IDENTITY = frozenset({"source", "message_id"})  # who said it is no part of what is said
_TEXTS: dict[type, Callable[[Any], str]] = {
    str: str,
    int: str,
    Decimal: "{:f}".format,
    datetime: datetime.isoformat,
}


class _Shape(NamedTuple):
    """How commands of one type are read: their name, their fields, and the text of each."""

    name: str
    read: Callable[[object], tuple[object, ...]]
    texts: Sequence[Callable[[Any], str]]


def digest_of(command: Command) -> bytes:
    """Equal for equal commands, in every release: it lives in the database for weeks.

    Made of the name of the command and its fields in their order: renaming or moving one
    makes other digests, and `tests/unit/test_digest.py` fails.
    """
    kind: type = type(command)
    shape = _shape_of(kind)
    said = _SEPARATOR.join((shape.name, *map(call, shape.texts, shape.read(command))))
    return blake2b(said.encode(), digest_size=DIGEST_BYTES).digest()


@cache
def _shape_of(kind: type) -> _Shape:
    """Looked up once per type, so that a message costs little more than its texts."""
    leaves = dict(_leaves(kind))
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()
    return _Shape(name, attrgetter(*leaves), [_TEXTS[type_] for type_ in leaves.values()])


def _leaves(kind: type) -> Iterator[tuple[str, type]]:
    """The fields and their types, those of parts included: `car_id`, `price.amount`."""
    types = get_type_hints(kind)
    for field in fields(kind):
        if is_dataclass(types[field.name]):
            parts = _leaves(types[field.name])
            yield from ((f"{field.name}.{path}", type_) for path, type_ in parts)
        elif field.name not in _IDENTITY:
            yield field.name, types[field.name]
