"""A digest of what a command says, stored beside the id of its message.

Digests stay in the database for weeks, so every release must make the same ones. What is hashed
(version 1): the `digest_name` of the command, then its required `digest_fields` in their order,
then each optional field that is set, as `name=value`. So these keep recorded digests valid:

- adding a field that may be None, anywhere in `digest_fields`;
- renaming a class, or a required field, as long as the order in `digest_fields` stays.

Any other change needs a new `VERSION`. Version 1 is 16 bytes; later ones have their number in a
byte in front, so that a recorded digest tells which version to compare it with.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from hashlib import blake2b
from operator import attrgetter, call
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from worker.application.commands import Command

VERSION = 1
DIGEST_BYTES = 16

_MARK = bytes([VERSION]) if VERSION > 1 else b""
_SEPARATOR = "\x1f"  # no field can hold it: control characters are refused
_IDENTITY = frozenset({"source", "message_id"})  # who said it is no part of what is said
_TEXTS: dict[object, Callable[[Any], str]] = {
    str: str,
    int: str,
    bool: {False: "false", True: "true"}.__getitem__,
    Decimal: "{:f}".format,
    date: date.isoformat,
    datetime: datetime.isoformat,
}

Read = Callable[[object], tuple[object, ...]]


class Shape(NamedTuple):
    """How commands of one type are read: the required fields and their texts, then the optional."""

    name: str
    read: Read
    texts: tuple[Callable[[Any], str], ...]
    optional: tuple[tuple[str, Callable[[object], Any], Callable[[Any], str]], ...]


def digest_of(command: Command) -> bytes:
    """Equal for commands that say the same, whoever said it."""
    kind: type = type(command)
    name, read, texts, optional = shape_of(kind)
    said = [name, *map(call, texts, read(command))]
    for path, read_one, text in optional:
        value = read_one(command)
        if value is not None:
            said.append(f"{path}={text(value)}")
    return _MARK + blake2b(_SEPARATOR.join(said).encode(), digest_size=DIGEST_BYTES).digest()


@cache
def shape_of(kind: type[Command]) -> Shape:
    """Looked up once per type, so that a message costs little more than its texts.

    Raises:
        TypeError: a field is missing in `digest_fields`, or of a type that has no text.
    """
    types = dict(_leaves(kind))
    paths = kind.digest_fields
    if sorted(paths) != sorted(types):
        listed = ", ".join(sorted({*paths} ^ {*types})) or "a field twice"
        raise TypeError(f"digest_fields of {kind.__name__} differ from its fields: {listed}")
    texts = {path: _text_of(type_, f"{kind.__name__}.{path}") for path, type_ in types.items()}
    required = [path for path in paths if not _is_optional(types[path])]
    return Shape(
        kind.digest_name,
        _read(required),
        tuple(texts[path] for path in required),
        tuple((path, attrgetter(path), texts[path]) for path in paths if path not in required),
    )


def _leaves(kind: type) -> Iterator[tuple[str, object]]:
    """The fields and their types, those of parts included: `car_id`, `price.amount`."""
    types = get_type_hints(kind)
    for field in fields(kind):
        if is_dataclass(types[field.name]):
            parts = _leaves(types[field.name])
            yield from ((f"{field.name}.{path}", type_) for path, type_ in parts)
        elif field.name not in _IDENTITY:
            yield field.name, types[field.name]


def _read(paths: list[str]) -> Read:
    """Reads the values of any number of paths; `attrgetter` alone makes no tuple of one."""
    if len(paths) > 1:
        return attrgetter(*paths)
    getters = [attrgetter(path) for path in paths]
    return lambda command: tuple(get(command) for get in getters)


def _is_optional(type_: object) -> bool:
    return get_origin(type_) in {Union, UnionType} and NoneType in get_args(type_)


def _text_of(type_: object, field: str) -> Callable[[Any], str]:
    if _is_optional(type_):
        type_ = Union[tuple(each for each in get_args(type_) if each is not NoneType)]  # noqa: UP007 - made at run time
    if isinstance(type_, type) and issubclass(type_, Enum):
        if all(isinstance(member.value, str) for member in type_):
            return attrgetter("value")
    elif type_ in _TEXTS:
        return _TEXTS[type_]
    raise TypeError(f"{field} is a {type_}: add how its text is made to {__name__}")


for _kind in get_args(Command):
    shape_of(_kind)  # a field that cannot be digested fails here, not at the first message
