"""Hypothesis strategies for the part of JSON Schema that the contract uses.

hypothesis-jsonschema 0.23.1 builds on internals that Hypothesis 6.170 no longer has.
"""

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

Schema = Mapping[str, Any]

_WITHOUT_EFFECT = frozenset({"$schema", "$id", "title", "description", "examples"})
_EXTRA_FIELDS = st.dictionaries(
    st.text(), st.none() | st.booleans() | st.text() | st.lists(st.integers()), max_size=3
)


def from_schema(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that the schema accepts.

    Raises:
        ValueError: the schema says something that nobody reads here.
    """
    if "oneOf" in schema:
        _read(schema, {"oneOf"})
        return st.one_of([from_schema(one) for one in schema["oneOf"]])
    make = _BY_TYPE.get(schema.get("type", ""))
    if make is None:
        raise ValueError(
            f"teach tests/contract_document/from_schema.py to make values for {dict(schema)}"
        )
    return make(schema)


def _object(schema: Schema) -> st.SearchStrategy[Any]:
    _read(schema, {"type", "properties", "required"})
    fields = {name: from_schema(field) for name, field in schema["properties"].items()}
    required = {name: fields.pop(name) for name in schema["required"]}
    named = st.fixed_dictionaries(required, optional=fields)
    return st.builds(lambda extra, known: extra | known, _EXTRA_FIELDS, named)


def _string(schema: Schema) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        _read(schema, {"type", "enum"})
        return st.sampled_from(schema["enum"])
    _read(schema, {"type", "pattern"})
    return st.from_regex(schema["pattern"])


def _integer(schema: Schema) -> st.SearchStrategy[Any]:
    _read(schema, {"type", "minimum", "maximum"})
    return st.integers(schema["minimum"], schema["maximum"])


def _number(schema: Schema) -> st.SearchStrategy[Any]:
    """In hundredths: with how many digits a number is written, a schema cannot say."""
    _read(schema, {"type", "minimum", "exclusiveMinimum", "maximum"})
    lowest = schema["minimum"] * 100 if "minimum" in schema else 1
    hundredths = st.integers(lowest, round(schema["maximum"] * 100))
    return hundredths.map(lambda count: count // 100 if count % 100 == 0 else count / 100)


def _read(schema: Schema, keywords: set[str]) -> None:
    ignored = set(schema) - keywords - _WITHOUT_EFFECT
    if ignored:
        raise ValueError(
            f"tests/contract_document/from_schema.py does not read {sorted(ignored)} of "
            f"{dict(schema)}: teach it, or the values it makes are not those that the schema means"
        )


_BY_TYPE: dict[str, Callable[[Schema], st.SearchStrategy[Any]]] = {
    "object": _object,
    "string": _string,
    "integer": _integer,
    "number": _number,
}
