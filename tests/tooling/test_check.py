import shutil
import sys
from pathlib import Path

import pytest

from dev.check import TOOLS, Tool, run_all
from tests.conftest import ROOT

NO_VIOLATION = '"""Nothing wrong."""\n'
UNFORMATTED = '"""Badly spaced."""\n\nNUMBER   =  1\n'
UNSORTED_IMPORTS = '"""Unsorted."""\n\nimport sys\nimport os\n\nprint(os.sep, sys.path)\n'
NO_DOCSTRING = '"""Undocumented."""\n\n\ndef public() -> None:\n    return\n'


def _python(code: str) -> tuple[str, ...]:
    return sys.executable, "-c", code


def test_every_tool_runs_and_those_that_failed_are_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tools = (
        Tool("first", _python("print('first ran'); raise SystemExit(3)")),
        Tool("second", _python("print('second ran')")),
        Tool("third", _python("print('third ran'); raise SystemExit(1)")),
    )

    code = run_all(tools, tmp_path)

    printed = capfd.readouterr()
    assert code == 1
    assert [line for line in printed.out.splitlines() if line.endswith("ran")] == [
        "first ran",
        "second ran",
        "third ran",
    ]
    assert printed.err == "\n2 of 3 checks failed: first, third\n"


def test_when_all_pass_nothing_is_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_all((Tool("only", _python("")),), tmp_path) == 0
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("source", "failed", "helps"),
    [
        pytest.param(NO_VIOLATION, "", False, id="nothing wrong"),
        pytest.param(UNFORMATTED, "ruff format", True, id="unformatted"),
        pytest.param(UNSORTED_IMPORTS, "ruff check", True, id="lint that ruff fixes"),
        pytest.param(NO_DOCSTRING, "ruff check", False, id="lint that a person fixes"),
    ],
)
def test_make_format_is_named_where_it_helps(
    source: str, failed: str, helps: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "__init__.py").touch()
    (tmp_path / "dev" / "module.py").write_text(source, encoding="utf-8")

    run_all([tool for tool in TOOLS if tool.name.startswith("ruff")], tmp_path)

    said = capfd.readouterr().err
    assert said.partition("failed: ")[2].partition("\n")[0] == failed
    assert ("`make format`" in said) is helps
