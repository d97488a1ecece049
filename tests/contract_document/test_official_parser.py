import json
import shutil
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from dev.contract.document import FOLDER
from tests.contract_document.conftest import NPM
from tests.contract_document.contract import DOCUMENT

pytestmark = pytest.mark.needs_tools

ERROR, WARNING = 0, 1


def complaints(node_folder: Path, document: Path) -> list[dict[str, Any]]:
    """What the parser calls an error or a warning."""
    script = shutil.copy(NPM / "diagnose.mjs", node_folder)
    done = subprocess.run(
        ["node", script, document], capture_output=True, text=True, check=True, timeout=120
    )
    return [told for told in json.loads(done.stdout) if told["severity"] in {ERROR, WARNING}]


@pytest.mark.parametrize("name", ["asyncapi.yaml", "asyncapi.json"])
def test_the_official_parser_has_no_complaint(node_folder: Path, name: str) -> None:
    assert complaints(node_folder, FOLDER / name) == []


def test_the_official_parser_would_complain_of_a_mistake(node_folder: Path, tmp_path: Path) -> None:
    wrong = deepcopy(DOCUMENT)
    wrong["operations"]["receiveCarCreated"]["action"] = "take"
    (tmp_path / "wrong.json").write_text(json.dumps(wrong), encoding="utf-8")

    found = complaints(node_folder, tmp_path / "wrong.json")

    assert [told["path"].rpartition("/")[2] for told in found] == ["action"]
