"""The options of drills, and their table at the end: a plugin of pytest."""

import random
import secrets
from collections.abc import Callable
from dataclasses import asdict
from typing import NamedTuple

import pytest

from tests.faults.report import DrillReport, as_table

_REPORT = "drill report"
_SEED = "drill seed"


def pytest_addoption(parser: pytest.Parser) -> None:
    drills = parser.getgroup("drills")
    drills.addoption("--full", action="store_true", help="the drills in full, with their table")
    drills.addoption("--seed", type=int, help="repeat the histories of an earlier run")


@pytest.fixture(scope="session")
def full(pytestconfig: pytest.Config) -> bool:
    """Whether the drills run with their full numbers."""
    return bool(pytestconfig.getoption("--full"))


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    return pytestconfig.getoption("--seed") or secrets.randbelow(10**9)


class Assignment(NamedTuple):
    """What a drill is called, what makes its histories, and who gets its report."""

    name: str
    rng: random.Random
    add_report: Callable[[DrillReport], None]


@pytest.fixture
def assignment(request: pytest.FixtureRequest, seed: int) -> Assignment:
    """A drill has the name of its test."""
    name = request.node.name.removeprefix("test_").replace("_", " ")
    properties = request.node.user_properties  # which reach the process that prints the table
    properties.append((_SEED, seed))
    print(f"to repeat: --seed {seed}")  # noqa: T201 - pytest shows it where a drill fails
    return Assignment(
        name,
        random.Random(f"{seed}-{name}"),
        lambda report: properties.append((_REPORT, asdict(report))),
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    ended = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    noted = [noted for test in ended if test.when == "call" for noted in test.user_properties]
    reports = [DrillReport(**value) for name, value in noted if name == _REPORT]
    if reports:
        seeds = {str(value) for name, value in noted if name == _SEED}
        terminalreporter.section(f"drills, seed {', '.join(seeds)}")
        terminalreporter.write_line(as_table(reports))
