import json

from dev.contract.document import Document
from dev.contract.schemas import event_schemas


def derived_files(document: Document) -> dict[str, str]:
    """Text by name within `contract/`: all that is made from the document and kept beside it."""
    schemas = event_schemas(document)
    return {
        "asyncapi.json": _text(document),
        **{f"schemas/{event_type}.json": _text(schema) for event_type, schema in schemas.items()},
    }


def _text(document: Document) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
