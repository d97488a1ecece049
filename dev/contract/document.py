from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "contract"

Document = dict[str, Any]


class ContractError(Exception):
    """The contract cannot be used as it is; the message names the file and what to do."""


def read_document() -> Document:
    """The contract as its authors wrote it, references unresolved.

    Raises:
        ContractError: it is not YAML.
    """
    text = (FOLDER / "asyncapi.yaml").read_text(encoding="utf-8")
    try:
        document: Document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ContractError(f"contract/asyncapi.yaml: {error}") from None
    return document


def look_up(document: Document, reference: str) -> Any:  # noqa: ANN401 - any part of a document
    """The part that a reference such as `#/components/schemas/Price` names.

    Raises:
        ContractError: there is none.
    """
    part: Any = document
    for key in reference.removeprefix("#/").split("/"):
        if key not in part:
            raise ContractError(f"contract/asyncapi.yaml: nothing stands at {reference}")
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
        for name, channel in document["channels"].items()
        if _kind_of(document, name, channel) == "routingKey"
    }


def _kind_of(document: Document, name: str, channel: Document) -> object:
    bindings = resolve(document, channel.get("bindings", {}))
    if "amqp" not in bindings or "address" not in channel:
        raise ContractError(
            f"contract/asyncapi.yaml: channels.{name} needs an address, and as bindings "
            "`$ref: '#/components/channelBindings/events'` if publishers publish to it"
        )
    return bindings["amqp"]["is"]
