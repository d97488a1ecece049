import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.contract_document.contract import DOCUMENT

VERSION = DOCUMENT["info"]["version"]
CURRENT = f"  version: {VERSION}\n"

Edit = Callable[[str, str, str], None]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the contract and of what makes it."""
    for folder in ("contract", "dev"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    shutil.copy(ROOT / "CHANGELOG.md", tmp_path)
    return tmp_path


@pytest.fixture
def edit(tree: Path) -> Edit:
    """Replaces a text that a file has."""

    def replace(name: str, before: str, after: str) -> None:
        text = (tree / name).read_text(encoding="utf-8")
        assert before in text
        (tree / name).write_text(text.replace(before, after), encoding="utf-8")

    return replace


def make_contract(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dev.contract"],
        env={**os.environ, "PYTHONPATH": str(tree)},
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def contents(tree: Path) -> dict[str, str]:
    folder = tree / "contract"
    return {str(path): path.read_text("utf-8") for path in folder.rglob("*.*")}


def release(edit: Edit) -> None:
    edit("CHANGELOG.md", "## Unreleased", f"## 0.1.0 - 2027-01-01\n\nContract {VERSION}.")


def test_made_again_nothing_changes(tree: Path) -> None:
    before = contents(tree)

    done = make_contract(tree)

    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    assert contents(tree) == before


def test_an_unreleased_version_is_made_anew_with_its_changes(tree: Path, edit: Edit) -> None:
    edit("contract/asyncapi.yaml", "maximum: 120", "maximum: 96")

    assert make_contract(tree).returncode == 0

    schema = tree / "contract" / "schemas" / "inventory.financing-plan-offered.v1.json"
    assert '"maximum": 96' in schema.read_text(encoding="utf-8")


def test_the_schema_of_an_event_that_is_gone_goes(tree: Path) -> None:
    left = tree / "contract" / "schemas" / "inventory.gone.v1.json"
    left.write_text("{}", encoding="utf-8")

    make_contract(tree)

    assert not left.exists()


def test_a_change_of_a_released_version_is_refused_before_anything_is_written(
    tree: Path, edit: Edit
) -> None:
    release(edit)
    edit("contract/asyncapi.yaml", "maximum: 120", "maximum: 96")
    before = contents(tree)

    done = make_contract(tree)

    assert done.stderr.startswith(f"contract/asyncapi.yaml: info.version is {VERSION}; ")
    assert "event inventory.financing-plan-offered.v1 changed since: raise it to" in done.stderr
    assert (done.stderr.count("\n"), done.returncode) == (1, 1)
    assert contents(tree) == before


def test_a_raised_version_is_noted_beside_the_released_one(tree: Path, edit: Edit) -> None:
    release(edit)
    edit("contract/asyncapi.yaml", "maximum: 120", "maximum: 96")
    edit("contract/asyncapi.yaml", CURRENT, "  version: 99.0.0\n")

    assert make_contract(tree).returncode == 0

    noted = (tree / "contract" / "fingerprints.json").read_text(encoding="utf-8")
    assert noted.index(f'"{VERSION}"') < noted.index('"99.0.0"')


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        pytest.param(
            "'#/components/schemas/TermMonths'",
            "'#/components/schemas/Months'",
            "nothing stands at #/components/schemas/Months",
            id="a reference to nothing",
        ),
        pytest.param("info:", "info", "could not find expected ':'", id="no YAML"),
        pytest.param(
            "address: inventory.price-changed.v1",
            "summary: inventory.price-changed.v1",
            "channels.priceChanged needs an address",
            id="a channel without address",
        ),
        pytest.param(
            "priceChanged:\n        $ref: '#/components/messages/PriceChanged'",
            "priceChanged:\n        summary: written here",
            "the first message in the channel of inventory.price-changed.v1 must name",
            id="a channel that names no message",
        ),
    ],
)
def test_a_document_that_cannot_be_read_is_told_apart(
    before: str, after: str, says: str, tree: Path, edit: Edit
) -> None:
    edit("contract/asyncapi.yaml", before, after)
    found = contents(tree)

    done = make_contract(tree)

    assert says in done.stderr
    assert done.stderr.startswith("contract/asyncapi.yaml: ")
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
    assert contents(tree) == found
