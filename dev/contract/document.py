from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "contract"

Document = dict[str, Any]


def read_document() -> Document:
    """The contract as its authors wrote it, references unresolved."""
    text = (FOLDER / "asyncapi.yaml").read_text(encoding="utf-8")
    document: Document = yaml.safe_load(text)
    return document


def look_up(document: Document, reference: str) -> Any:  # noqa: ANN401 - any part of a document
    """The part that a reference such as `#/components/schemas/Price` names."""
    part: Any = document
    for key in reference.removeprefix("#/").split("/"):
        part = part[key]
    return part


def resolve(document: Document, part: Any) -> Any:  # noqa: ANN401 - any part of a document
    """The part with every reference in it replaced by what it names."""
    if isinstance(part, Mapping):
        if "$ref" in part:
            return resolve(document, look_up(document, part["$ref"]))
        return {key: resolve(document, value) for key, value in part.items()}
    if isinstance(part, list):
        return [resolve(document, item) for item in part]
    return part


def event_channels(document: Document) -> dict[str, Any]:
    """The channels that publishers publish to, by routing key."""
    return {
        channel["address"]: channel
        for channel in document["channels"].values()
        if resolve(document, channel["bindings"])["amqp"]["is"] == "routingKey"
    }
