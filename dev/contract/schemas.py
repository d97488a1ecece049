"""A schema for the data of each event that stands alone, for validators of JSON Schema 2020-12."""

from collections.abc import Mapping
from typing import Any

from dev.contract.document import ContractError, Document, event_channels, look_up

_COMPONENTS = "#/components/schemas/"


def event_schemas(document: Document) -> dict[str, Document]:
    """By event type."""
    return {
        event_type: _standing_alone(document, event_type, _data_of(document, event_type, channel))
        for event_type, channel in event_channels(document).items()
    }


def _data_of(document: Document, event_type: str, channel: Document) -> Document:
    """The data of the channel's first message, which is the plain one."""
    try:
        first = next(iter(channel["messages"].values()))
        message = look_up(document, first["$ref"])
        data: Document = look_up(document, message["payload"]["$ref"])
    except (KeyError, StopIteration):
        raise ContractError(
            f"contract/asyncapi.yaml: the first message in the channel of {event_type} must name "
            "one of components.messages by $ref, and its payload one of components.schemas by $ref"
        ) from None
    return data


def _standing_alone(document: Document, event_type: str, data: Document) -> Document:
    definitions: Document = {}
    _collect(document, data, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{document['id']}:{event_type}",
        **_relocated(data),
        "$defs": {name: _relocated(definitions[name]) for name in sorted(definitions)},
    }


def _collect(document: Document, part: Any, definitions: Document) -> None:  # noqa: ANN401 - any part of a schema
    if isinstance(part, Mapping):
        reference = part.get("$ref")
        if reference is not None:
            definition = look_up(document, reference)
            definitions[reference.removeprefix(_COMPONENTS)] = definition
            _collect(document, definition, definitions)
        for value in part.values():
            _collect(document, value, definitions)
    elif isinstance(part, list):
        for item in part:
            _collect(document, item, definitions)


def _relocated(part: Any) -> Any:  # noqa: ANN401 - any part of a schema
    if isinstance(part, Mapping):
        return {key: _relocated(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_relocated(item) for item in part]
    if isinstance(part, str) and part.startswith(_COMPONENTS):
        return f"#/$defs/{part.removeprefix(_COMPONENTS)}"
    return part
