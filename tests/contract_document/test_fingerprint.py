from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest

from dev.contract.fingerprint import (
    Raise,
    fingerprint,
    is_raised,
    needed_raise,
    read_fingerprints,
)
from tests.contract_document.contract import DOCUMENT


def test_the_contract_is_still_what_its_version_promised() -> None:
    promised = read_fingerprints().get(DOCUMENT["info"]["version"])

    assert promised == fingerprint(DOCUMENT), "raise info.version and run: python -m dev.contract"


def test_every_version_is_as_far_from_the_one_before_as_its_changes_ask() -> None:
    for (before, old), (after, new) in pairwise(read_fingerprints().items()):
        assert is_raised(before, after, needed_raise(old, new)), f"{before} to {after}"


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
