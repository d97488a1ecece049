"""How far the version of the contract must be raised, and which fingerprints are kept."""

import json
import re
from collections.abc import Mapping, Sequence
from enum import IntEnum

from dev.contract.document import ContractError
from dev.contract.fingerprint import Fingerprint

Version = tuple[int, ...]

_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")


class Raise(IntEnum):
    """How far a version must be raised: the place of the number that must grow."""

    WORDING = 2
    ADDITION = 1
    BREAKING = 0


def next_fingerprints(
    known: Mapping[str, Fingerprint], released: Sequence[str], version: str, current: Fingerprint
) -> dict[str, Fingerprint]:
    """Those of the released versions, which never change, and the one of this version.

    A version that is not released yet may change as often as it likes.

    Raises:
        ContractError: with what to do.
    """
    if _VERSION.fullmatch(version) is None:
        raise ContractError(
            f"contract/asyncapi.yaml: info.version: found {version!r}, allowed is one like 1.2.3"
        )
    kept = {name: _known(known, name) for name in released}
    if kept and kept.get(version) != current:
        _check_raised(released[-1], version, kept[released[-1]], current)
    return {**kept, version: current}


def needed_raise(before: Fingerprint, after: Fingerprint) -> Raise:
    """A digest cannot tell wider from narrower: every change of a part counts as breaking."""
    if any(after.get(name) != digest for name, digest in before.items()):
        return Raise.BREAKING
    return Raise.ADDITION if after != before else Raise.WORDING


def is_raised(before: str, after: str, needed: Raise) -> bool:
    """Tells whether the numbers of two versions, such as 1.0.0 and 1.1.0, are far enough apart."""
    old, new = _numbers(before), _numbers(after)
    return new > old and new[: needed + 1] > old[: needed + 1]


def fingerprints_text(fingerprints: Mapping[str, Fingerprint]) -> str:
    """What `contract/fingerprints.json` holds."""
    return json.dumps(fingerprints, indent=2) + "\n"


def _known(known: Mapping[str, Fingerprint], version: str) -> Fingerprint:
    if version not in known:
        raise ContractError(
            f"contract/fingerprints.json: the fingerprint of contract {version} is missing, "
            "which CHANGELOG.md names as released: take it from the history"
        )
    return known[version]


def _check_raised(latest: str, version: str, before: Fingerprint, after: Fingerprint) -> None:
    needed = needed_raise(before, after)
    if is_raised(latest, version, needed):
        return
    changed = [name for name in sorted(before | after) if before.get(name) != after.get(name)] or [
        "its wording"
    ]
    raise ContractError(
        f"contract/asyncapi.yaml: info.version is {version}; contract {latest} is released, and "
        f"{', '.join(changed)} changed since: raise it to {_raised(latest, needed)} or more"
    )


def _raised(version: str, needed: Raise) -> str:
    numbers = _numbers(version)
    raised = (*numbers[:needed], numbers[needed] + 1, *(0 for _ in numbers[needed + 1 :]))
    return ".".join(map(str, raised))


def _numbers(version: str) -> Version:
    return tuple(int(number) for number in version.split("."))
