import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.support.worker_logs import LONGEST_LOG_BYTES

TESTS = f"""
import pytest

@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return tmp_path_factory.mktemp("shared") / "worker.log"

def test_one_that_passes(tmp_path):
    tmp_path.joinpath("worker.log").write_text("said in a good test")

def test_one_that_fails(tmp_path):
    tmp_path.joinpath("worker-0.log").write_text("said long ago" + {LONGEST_LOG_BYTES} * ".")
    tmp_path.joinpath("worker-1.log").write_bytes(b"said last \\xff")
    raise AssertionError

def test_one_that_fails_with_a_worker_of_the_module(shared):
    shared.write_text("said by the worker of the module")
    raise AssertionError
"""


def test_the_report_of_a_failed_test_ends_with_the_logs_of_its_workers(tmp_path: Path) -> None:
    file = tmp_path / "test_made_to_fail.py"
    file.write_text(TESTS)

    # The plugin is that of all our tests: `conftest.py` brings it.
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "--numprocesses", "1"]
    places = [f"--rootdir={tmp_path}", f"--basetemp={tmp_path / 'folders'}", str(file)]
    done = subprocess.run(
        [*command, *places], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 1
    assert done.stdout.count("- Worker log ") == 3
    assert done.stdout.count("\nsaid last \ufffd") == 1
    assert done.stdout.count("\nsaid by the worker of the module") == 1
    assert "said long ago." not in done.stdout
    assert "\nsaid in a good test" not in done.stdout
