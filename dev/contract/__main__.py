"""Make what is made from `contract/asyncapi.yaml`.

python -m dev.contract
"""

import json
import sys

from dev.contract.derived import derived_files
from dev.contract.document import FOLDER, read_document
from dev.contract.fingerprint import (
    FINGERPRINTS,
    fingerprint,
    is_raised,
    needed_raise,
    read_fingerprints,
)


def main() -> int:
    """Return 1 if the version of the contract was not raised as far as its changes ask."""
    document = read_document()
    for name, text in derived_files(document).items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return _note_fingerprint(document["info"]["version"], fingerprint(document))


def _note_fingerprint(version: str, current: dict[str, str]) -> int:
    """Adds the fingerprint of a new version; never changes that of an old one."""
    known = read_fingerprints()
    if known.get(version) == current:
        return 0
    latest = list(known)[-1]
    needed = needed_raise(known[latest], current)
    if not is_raised(latest, version, needed):
        print(f"the contract changed: raise the version {latest} ({needed.name})", file=sys.stderr)
        return 1
    FINGERPRINTS.write_text(json.dumps({**known, version: current}, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
