"""The workflow that CI runs."""

import subprocess
import sys
import tomllib
from typing import Any

import pytest

from tests.deployment.files import ROOT, read_yaml

WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
JOB: dict[str, Any] = read_yaml(WORKFLOW)["jobs"]["check-and-test"]


def test_the_file_fulfils_the_schema_of_workflows() -> None:
    pytest.importorskip("check_jsonschema")
    schema = ["--builtin-schema", "vendor.github-workflows"]
    command = [sys.executable, "-m", "check_jsonschema", *schema, str(WORKFLOW)]
    check = subprocess.run(command, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout


def test_it_runs_what_a_person_runs() -> None:
    commands = [step["run"] for step in JOB["steps"] if "run" in step]
    local = [
        line
        for line in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
        if line.startswith("make ")
    ]
    assert commands == local == ["make check", "make test", "make test-browser"]


def test_it_runs_on_every_python_that_the_package_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    prefix = "Programming Language :: Python :: "
    named = [c.removeprefix(prefix) for c in project["classifiers"] if c.startswith(prefix)]
    assert JOB["strategy"]["matrix"]["python"] == named
