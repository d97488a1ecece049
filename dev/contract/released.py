"""Which versions of the contract are released: those that CHANGELOG.md names under a release."""

import re
from pathlib import Path

from dev.contract.document import ContractError

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"

_RELEASE = re.compile(r"^## \[?([0-9]+\.[0-9]+\.[0-9]+)", re.MULTILINE)
_CONTRACT = re.compile(r"^Contract ([0-9]+\.[0-9]+\.[0-9]+)\b", re.MULTILINE)


def released_versions(changelog: str) -> list[str]:
    """Versions of the contract, oldest first; what stands under Unreleased does not count.

    Raises:
        ContractError: a release names no contract.
    """
    _, *parts = _RELEASE.split(changelog)
    newest_first = [
        _named_by(release, notes) for release, notes in zip(parts[::2], parts[1::2], strict=True)
    ]
    return list(dict.fromkeys(reversed(newest_first)))


def _named_by(release: str, notes: str) -> str:
    named: list[str] = _CONTRACT.findall(notes)
    if len(named) != 1:
        raise ContractError(
            f"CHANGELOG.md: write one line such as `Contract 1.0.0.` under release {release}, "
            f"with info.version of contract/asyncapi.yaml at that time; found {len(named)}"
        )
    return named[0]
