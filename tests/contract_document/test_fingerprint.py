from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest

from dev.contract.document import ContractError
from dev.contract.fingerprint import fingerprint, read_fingerprints
from dev.contract.released import CHANGELOG, released_versions
from dev.contract.versions import Raise, is_raised, needed_raise, next_fingerprints
from tests.contract_document.contract import DOCUMENT

OLD, NEW = {"event a": "1", "event b": "1"}, {"event a": "1", "event b": "2"}
WITH_C = OLD | {"event c": "1"}


def test_the_fingerprints_are_those_of_the_released_versions_and_of_the_document() -> None:
    known = read_fingerprints()
    released = released_versions(CHANGELOG.read_text(encoding="utf-8"))
    version = DOCUMENT["info"]["version"]

    expected = next_fingerprints(known, released, version, fingerprint(DOCUMENT))

    assert known == expected, "contract/asyncapi.yaml changed since. Run: make contract"


def test_every_version_is_as_far_from_the_one_before_as_its_changes_ask() -> None:
    for (before, old), (after, new) in pairwise(read_fingerprints().items()):
        assert is_raised(before, after, needed_raise(old, new)), (
            f"contract/fingerprints.json: {before} to {after} is too small a step. "
            "Raise info.version in contract/asyncapi.yaml and run: make contract"
        )


@pytest.mark.parametrize("version", ["1.0.0", "1.0.1", "0.9.0", "2.0.0"])
def test_before_any_release_a_version_may_change_and_be_another(version: str) -> None:
    assert next_fingerprints({"1.0.0": OLD}, [], version, NEW) == {version: NEW}


def test_an_unreleased_version_may_change_again() -> None:
    known = {"1.0.0": OLD, "1.1.0": WITH_C | {"event d": "1"}}

    assert next_fingerprints(known, ["1.0.0"], "1.1.0", WITH_C) == {"1.0.0": OLD, "1.1.0": WITH_C}


def test_a_released_version_that_did_not_change_stays() -> None:
    assert next_fingerprints({"1.0.0": OLD}, ["1.0.0"], "1.0.0", OLD) == {"1.0.0": OLD}


@pytest.mark.parametrize(
    ("version", "current", "says"),
    [
        ("1.0.0", NEW, "contract 1.0.0 is released, and event b changed since: raise it to 2.0.0"),
        ("1.1.0", NEW, "event b changed since: raise it to 2.0.0 or more"),
        ("1.0.0", WITH_C, "event c changed since: raise it to 1.1.0 or more"),
        ("1.0.1", WITH_C, "event c changed since: raise it to 1.1.0 or more"),
        ("0.9.0", OLD, "its wording changed since: raise it to 1.0.1 or more"),
        ("1.0", OLD, "info.version: found '1.0', allowed is one like 1.2.3"),
    ],
)
def test_a_version_that_is_not_raised_far_enough_is_refused(
    version: str, current: dict[str, str], says: str
) -> None:
    with pytest.raises(ContractError, match=says):
        next_fingerprints({"1.0.0": OLD}, ["1.0.0"], version, current)


def test_a_released_version_whose_fingerprint_is_gone_is_missed() -> None:
    with pytest.raises(ContractError, match=r"fingerprint of contract 1.0.0 is missing"):
        next_fingerprints({"1.1.0": NEW}, ["1.0.0"], "1.1.0", NEW)


def test_the_changelog_tells_which_versions_are_released() -> None:
    changelog = """
## Unreleased

Contract 2.0.0.

## [0.3.0] - 2027-03-01

Contract 1.1.0.

## 0.2.0 - 2027-02-01

Contract 1.0.0, as before.

## 0.1.0 - 2027-01-01

Contract 1.0.0.
"""
    assert released_versions(changelog) == ["1.0.0", "1.1.0"]


def test_a_release_that_names_no_contract_is_refused() -> None:
    with pytest.raises(ContractError, match=r"CHANGELOG.md: .* under release 0.1.0"):
        released_versions("## Unreleased\n\nContract 1.0.0.\n\n## 0.1.0\n\nThe worker.\n")


def _narrow_a_field(schemas: dict[str, Any], _: dict[str, Any]) -> None:
    schemas["CarId"]["pattern"] = "^[A-Z]{1,64}$"


def _demand_a_field(schemas: dict[str, Any], _: dict[str, Any]) -> None:
    schemas["PriceChanged"]["required"].append("currency")


def _drop_an_event(_: dict[str, Any], document: dict[str, Any]) -> None:
    del document["channels"]["priceChanged"]


def _rename_the_exchange(_: dict[str, Any], document: dict[str, Any]) -> None:
    exchange = document["components"]["channelBindings"]["events"]["amqp"]["exchange"]
    exchange["name"] = "cars"


def _drop_a_code(schemas: dict[str, Any], _: dict[str, Any]) -> None:
    del schemas["ErrorCode"]["x-error-codes"]["too-large"]


def _refuse_binary_mode_of_another_version(schemas: dict[str, Any], _: dict[str, Any]) -> None:
    schemas["EventHeaders"]["properties"]["ce-specversion"]["const"] = "1.1"


def _add_an_event(_: dict[str, Any], document: dict[str, Any]) -> None:
    copy = deepcopy(document["channels"]["priceChanged"])
    document["channels"]["priceChangedAgain"] = copy | {"address": "inventory.price-changed.v2"}


def _add_a_code(schemas: dict[str, Any], _: dict[str, Any]) -> None:
    schemas["ErrorCode"]["x-error-codes"]["car-stolen"] = {"acts": "operator", "retried": False}


def _reword(schemas: dict[str, Any], document: dict[str, Any]) -> None:
    schemas["Price"]["description"] = "In pesos."
    document["info"]["description"] = "Cars."


@pytest.mark.parametrize(
    ("change", "needed"),
    [
        (_narrow_a_field, Raise.BREAKING),
        (_demand_a_field, Raise.BREAKING),
        (_drop_an_event, Raise.BREAKING),
        (_rename_the_exchange, Raise.BREAKING),
        (_drop_a_code, Raise.BREAKING),
        (_refuse_binary_mode_of_another_version, Raise.BREAKING),
        (_add_an_event, Raise.ADDITION),
        (_add_a_code, Raise.ADDITION),
        (_reword, Raise.WORDING),
    ],
)
def test_what_a_change_asks_of_the_version(change: Any, needed: Raise) -> None:
    changed = deepcopy(DOCUMENT)

    change(changed["components"]["schemas"], changed)

    assert needed_raise(fingerprint(DOCUMENT), fingerprint(changed)) is needed


@pytest.mark.parametrize(
    ("after", "breaking", "addition", "wording"),
    [
        ("1.2.3", False, False, False),
        ("1.2.4", False, False, True),
        ("1.3.0", False, True, True),
        ("2.0.0", True, True, True),
        ("0.9.9", False, False, False),
        ("1.1.9", False, False, False),
    ],
)
def test_versions_are_compared_number_by_number(
    after: str, breaking: bool, addition: bool, wording: bool
) -> None:
    assert is_raised("1.2.3", after, Raise.BREAKING) is breaking
    assert is_raised("1.2.3", after, Raise.ADDITION) is addition
    assert is_raised("1.2.3", after, Raise.WORDING) is wording
