"""`make contract`: make again what is made from `contract/asyncapi.yaml`."""

import sys
from collections.abc import Mapping

from dev.contract.derived import derived_files
from dev.contract.document import FOLDER, ContractError, read_document
from dev.contract.fingerprint import FINGERPRINTS, fingerprint, read_fingerprints
from dev.contract.released import CHANGELOG, released_versions
from dev.contract.versions import fingerprints_text, next_fingerprints


def main() -> int:
    """Return 1, and write nothing, if the document or its version is not right."""
    try:
        files = _make_files()
    except ContractError as problem:
        print(problem, file=sys.stderr)
        return 1
    for path in (FOLDER / "schemas").glob("*.json"):
        if f"schemas/{path.name}" not in files:
            path.unlink()
    for name, text in files.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


def _make_files() -> Mapping[str, str]:
    """Text by name within `contract/`.

    Raises:
        ContractError: nothing may be written.
    """
    document = read_document()
    released = released_versions(CHANGELOG.read_text(encoding="utf-8"))
    fingerprints = next_fingerprints(
        read_fingerprints(), released, document["info"]["version"], fingerprint(document)
    )
    return {**derived_files(document), FINGERPRINTS.name: fingerprints_text(fingerprints)}


if __name__ == "__main__":
    sys.exit(main())
