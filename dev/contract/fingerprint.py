"""Which parts of the contract a publisher builds on, so that none changes unnoticed."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from dev.contract.document import FOLDER, Document, event_channels, resolve

FINGERPRINTS = FOLDER / "fingerprints.json"

Fingerprint = dict[str, str]

_NO_PROMISE = frozenset(
    {"description", "summary", "title", "examples", "tags", "meaning", "servers"}
)


def read_fingerprints() -> dict[str, Fingerprint]:
    """Of every version of the contract, by version, oldest first."""
    fingerprints: dict[str, Fingerprint] = json.loads(FINGERPRINTS.read_text(encoding="utf-8"))
    return fingerprints


def fingerprint(document: Document) -> Fingerprint:
    """A digest of each part, blind to wording."""
    return {
        name: sha256(
            json.dumps(_promises(resolve(document, part)), sort_keys=True).encode()
        ).hexdigest()[:16]
        for name, part in sorted(_parts(document).items())
    }


def _parts(document: Document) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    return {
        **{f"event {name}": channel for name, channel in event_channels(document).items()},
        **{
            f"header {name}": schema
            for name, schema in schemas["DeadLetterHeaders"]["properties"].items()
            if name != "x-error-code"
        },
        **{
            f"error code {code}": told
            for code, told in schemas["ErrorCode"]["x-error-codes"].items()
        },
        "how to publish": document["components"]["operationBindings"],
        "where dead letters are": document["channels"]["deadLetters"]["address"],
    }


def _promises(part: Any, *, names: bool = False) -> Any:  # noqa: ANN401 - any part
    """`names` tells that the keys are names that the contract gives, such as `title`."""
    if isinstance(part, Mapping):
        return {
            key: _promises(value, names=key == "properties")
            for key, value in part.items()
            if names or key not in _NO_PROMISE
        }
    if isinstance(part, list):
        return [_promises(item) for item in part]
    return part
