import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from dev.contract.document import FOLDER
from tests.conftest import ROOT
from tests.contract_document.contract import DOCUMENT
from tests.support import forked_commands


def run(*arguments: str) -> CompletedProcess[str]:
    return forked_commands.run("worker", "contract", *arguments, environment=os.environ, timeout=60)


READERS: dict[str, Callable[[str], object]] = {"yaml": yaml.safe_load, "json": json.loads}


@pytest.mark.parametrize("form", READERS)
def test_it_prints_the_document_and_nothing_else(form: str) -> None:
    done = run("--format", form)

    assert READERS[form](done.stdout) == DOCUMENT
    assert (done.stderr, done.returncode) == ("", 0)


def test_unasked_it_prints_the_yaml_that_people_wrote() -> None:
    assert run().stdout == (FOLDER / "asyncapi.yaml").read_text(encoding="utf-8")


def test_a_form_that_nobody_keeps_is_wrong_usage() -> None:
    assert run("--format", "xml").returncode == 2


def test_a_wheel_prints_it_too(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")

    command = [sys.executable, "-m", "worker", "contract"]
    printed = subprocess.check_output(command, cwd=tmp_path / "installed", text=True, timeout=60)

    assert printed == (FOLDER / "asyncapi.yaml").read_text(encoding="utf-8")
