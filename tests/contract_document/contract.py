"""The contract as tests read it, and what a test says where the code has moved on."""

from collections.abc import Iterable, Mapping
from typing import Any

from dev.contract.document import ContractError, event_channels, read_document
from worker.infra.messaging.events.wire_events import EVENT_TYPES

ASYNCAPI = "contract/asyncapi.yaml"
WIRE_EVENTS = "worker/infra/messaging/events/wire_events.py"
STEPS = "The steps are in docs/extending.md."

_PARTS_OF_A_MESSAGE = {"name", "title", "contentType", "traits", "payload", "examples"}

DOCUMENT = read_document()
COMPONENTS = DOCUMENT["components"]
SCHEMAS = COMPONENTS["schemas"]

SHARED_TYPES = [name for name in EVENT_TYPES if name in event_channels(DOCUMENT)]
"""Events that code and document both know; a test of its own finds those that only one knows."""


def what_to_edit(file: str, has: Iterable[str], code: str, knows: Iterable[str]) -> str:
    """Names the things that only one of two files has."""
    told, known = set(has), set(knows)
    lacking = [
        f"{place} lacks {', '.join(map(repr, sorted(names)))}, which {other} has. "
        for place, other, names in ((file, code, known - told), (code, file, told - known))
        if names
    ]
    return "".join([*lacking, STEPS])


def examples_of(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The examples of a message.

    Raises:
        ContractError: the message has none, or lacks another of its parts.
    """
    lacking = _PARTS_OF_A_MESSAGE - set(message)
    if lacking:
        raise ContractError(
            f"{ASYNCAPI}: the message {message.get('title', message)!r} lacks {sorted(lacking)}, "
            f"which the messages of the other events have. {STEPS}"
        )
    examples: list[dict[str, Any]] = message["examples"]
    return examples
