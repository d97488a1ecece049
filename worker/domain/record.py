"""Records of the hot path: frozen for the type checker alone."""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def record(class_: type[T]) -> type[T]:
    """A dataclass with slots that compares and hashes by its fields.

    `frozen=True` makes each one 0.3 to 0.5 µs dearer, because its fields are set through
    `object.__setattr__`; a message makes about ten. mypy forbids setting fields all the same.
    """
    return dataclass(slots=True, unsafe_hash=True)(class_)
