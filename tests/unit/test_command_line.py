"""What every command does with its options."""

import os
import subprocess

import pytest

from tests.support import forked_commands


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return forked_commands.run("worker", *arguments, environment=os.environ | variables, timeout=60)


@pytest.mark.parametrize("command", ["", "dlq", "dlq list", "catalog search", "validate"])
def test_h_is_help(command: str) -> None:
    short = run(*command.split(), "-h")

    assert short.returncode == 0
    assert short.stdout.replace(" ", "").lstrip().startswith("Usage:inventory-worker")


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        ("dlq list --code a --code b", "--code"),
        ("dlq replay --all --rate 1/s --rate 1/s", "--rate"),
        ("catalog search --limit 1 --limit=2", "--limit"),
        ("contract --format json --format yaml", "--format"),
    ],
)
def test_an_option_given_twice_where_one_counts_is_refused(arguments: str, option: str) -> None:
    done = run(*arguments.split())

    assert (done.returncode, done.stdout) == (2, "")
    assert f"Option '{option}' takes one value and is given twice." in done.stderr


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("dlq re", {"replay"}),
        ("dlq list --le", {"--letters"}),
        ("dlq list --sort o", {"oldest"}),
        ("dlq list --code car-", {"car-already-exists", "car-not-found"}),
        ("dlq replay --type inventory.p", {"inventory.price-changed.v1"}),
    ],
)
def test_a_shell_completes_commands_options_and_their_values(
    words: str, completed: set[str]
) -> None:
    done = run(
        _INVENTORY_WORKER_COMPLETE="complete_bash",
        COMP_WORDS=f"inventory-worker {words}",
        COMP_CWORD=str(len(words.split())),
    )

    assert set(done.stdout.split()) == completed
