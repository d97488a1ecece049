"""Strategies derived from the fields of dataclasses, so that new fields are included."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

from hypothesis import strategies as st

T = TypeVar("T")

Pools = Mapping[Any, st.SearchStrategy[Any]]
"""What to draw from, by type."""


def instances(
    kind: type[T], pools: Pools, **special: st.SearchStrategy[Any]
) -> st.SearchStrategy[T]:
    """A strategy for `kind`; `special` fields have their own strategy."""
    return st.builds(lambda values: kind(**values), field_values(kind, pools, **special))


def field_values(
    kind: type, pools: Pools, **special: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    """Like `instances`, but as a mapping of fields by name."""
    types = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    return st.fixed_dictionaries(
        {name: special[name] if name in special else _values(types[name], pools) for name in names}
    )


def _values(type_: Any, pools: Pools) -> st.SearchStrategy[Any]:
    if type_ in pools:
        return pools[type_]
    if NoneType in get_args(type_):
        members = [each for each in get_args(type_) if each is not NoneType]
        return st.one_of(st.none(), *(_values(each, pools) for each in members))
    if isinstance(type_, type) and is_dataclass(type_):
        return instances(type_, pools)
    made: st.SearchStrategy[Any] = st.from_type(type_)
    return made
