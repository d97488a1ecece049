"""Every mistake is one line, an exit code, and nothing changed."""

from pathlib import Path

import pytest

from dev.servers import Servers
from tests.conftest import run_command
from tests.dlq.conftest import Dlq
from tests.dlq.dead_letters import DeadLetterQueue, price_changes


@pytest.mark.parametrize(
    ("arguments", "exit_code", "line"),
    [
        (["replay"], 2, "choose with --id"),
        (["replay", "--all", "--code", "car-not-found"], 2, "--all goes with no other choice"),
        (["replay", "--id", "p-0", "--id", "nobody"], 1, "no dead letter has the id nobody"),
        (["replay", "--code", "too-large"], 1, "none of the 3 dead letters is chosen"),
        (
            ["replay", "--dry-run", "--type", "x"],
            2,
            "--type 'x' does not exist: known are inventory.car-created.v1, ",
        ),
        (["replay", "--code", "car-not-fuond"], 2, "--code 'car-not-fuond' does not exist: known"),
        (["list", "--code", "car-not-fuond"], 2, "--code 'car-not-fuond' does not exist: known"),
        (["list", "--letters", "--type", "x"], 2, "--type 'x' does not exist: known"),
        (["discard", "--all"], 2, "--to must name the new file"),
        (["replay", "--ids-from", "no-such-file"], 2, "--ids-from no-such-file: No such file"),
        (["replay", "--ids-from", "/dev/null"], 2, "--ids-from /dev/null holds no id"),
        (["list", "--watch", "--json"], 2, "--watch goes without --json"),
        (["discard", "--to", "new.jsonl"], 2, "choose with --id"),
        (["discard", "--all", "--to", "pyproject.toml"], 2, "--to pyproject.toml exists already"),
        (["export", "--to", "pyproject.toml"], 2, "--to pyproject.toml exists already"),
        (["audit", "4711"], 1, "no command has the audit id 4711"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
async def test_a_wrong_command_is_one_line_and_changes_nothing(
    arguments: list[str], exit_code: int, line: str, dead_letters: DeadLetterQueue, dlq: Dlq
) -> None:
    await dead_letters.lay(price_changes(3))

    done = dlq(*arguments)

    assert (done.returncode, done.stdout) == (exit_code, "")
    assert done.stderr.startswith(f"inventory-worker: {line}")
    assert done.stderr.count("\n") == 1
    assert await dead_letters.count() == 3


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "the file holds no dead letter"),
        ("not JSON\n", "line 1 is not JSON"),
        ("[]\n", "line 1 is not a JSON object"),
        ('\n{"type": "x", "message_id": "m", "data": {}}\n', "line 2 has no original"),
        (
            '{"original": {"body": "{}", "properties": 7, "exchange": "", "routing_key": ""}}',
            "line",
        ),
    ],
)
async def test_a_file_that_is_no_export_is_one_line(
    text: str, line: str, tmp_path: Path, dead_letters: DeadLetterQueue, dlq: Dlq
) -> None:
    await dead_letters.lay(price_changes(1))
    file = tmp_path / "wrong.jsonl"
    file.write_text(text)

    done = dlq("import", str(file))

    assert (done.returncode, done.stdout) == (2, "")
    assert f"{file}: {line}" in done.stderr
    assert "nothing was changed" in done.stderr
    assert done.stderr.count("\n") == 1
    assert await dead_letters.count() == 1


NOBODY = "127.0.0.1:9"


@pytest.mark.parametrize(
    "command",
    [["list"], ["show", "x"], ["replay", "--all"], ["replay", "--all", "--dry-run"], ["export"]],
    ids=" ".join,
)
async def test_a_database_that_is_down_is_one_line(command: list[str], empty: Servers) -> None:
    done = run_command(empty, "dlq", *command, DATABASE_URL=f"postgresql://u:p@{NOBODY}/d")

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr


@pytest.mark.parametrize("command", ["dlq replay --all", "message m-1"])
async def test_a_broker_that_is_down_is_one_line_to_what_asks_it(
    command: str, empty: Servers
) -> None:
    done = run_command(empty, *command.split(), RABBITMQ_URL=f"amqp://u:p@{NOBODY}/")

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert done.stderr.startswith("inventory-worker: RabbitMQ: ")


async def test_looking_needs_no_broker(dead_letters: DeadLetterQueue, dlq: Dlq) -> None:
    await dead_letters.lay(price_changes(1))
    away = {"RABBITMQ_URL": f"amqp://u:p@{NOBODY}/"}

    for command in ("list", "show p-0", "replay --all --dry-run", "export"):
        done = dlq(*command.split(), **away)
        assert done.returncode == 0, done.stderr
        assert "p-0" in done.stdout
