"""`inventory-worker console` as a process, and `console-user`."""

import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.console.conftest import Start
from tests.console.page import Page, get
from tests.console.walking import send, wait_job
from tests.dlq.dead_letters import DeadLetterQueue, creations
from tests.support import forked_commands
from worker.console.auth.rights import Right
from worker.console.auth.users_file import UsersFile

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(number: signal.Signals, start_console: Start) -> None:
    process, url = start_console()

    page = Page(httpx.get(f"{url}/letters"))
    process.send_signal(number)
    _, stderr = process.communicate(timeout=20)

    assert page.title == "0 dead letters"
    assert stderr == ""
    assert process.returncode == 0


async def test_a_discard_runs_in_the_console_where_no_worker_is(
    dead_letters: DeadLetterQueue, start_console: Start
) -> None:
    await dead_letters.lay(creations(3))
    _, url = start_console()

    async with httpx.AsyncClient(base_url=url, timeout=30) as browser:
        shown = await get(browser, "/discard")
        job = await wait_job(browser, await send(browser, shown, "/discard"))

    assert "every dead letter" in shown.text
    assert "done 3 of 3 discarded" in job.text


def test_another_address_without_a_way_in_is_refused_in_one_line(
    inventory_worker: Command,
) -> None:
    done = inventory_worker("console", "--host", "0.0.0.0")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "inventory-worker: CONSOLE_HOST 0.0.0.0 is no loopback address, and nobody would have to "
        "log in: set CONSOLE_USERS_FILE, or CONSOLE_USER_HEADER with CONSOLE_TRUSTED_NETWORKS\n"
    )


def test_a_port_that_is_taken_is_one_line(start_console: Start, inventory_worker: Command) -> None:
    _, url = start_console()

    done = inventory_worker("console", "--port", url.rpartition(":")[2])

    assert done.returncode == 1
    assert done.stderr.startswith("inventory-worker: cannot listen on 127.0.0.1:")
    assert done.stderr.endswith("see CONSOLE_HOST and CONSOLE_PORT\n")


def test_a_users_file_that_cannot_be_read_is_one_line(
    inventory_worker: Command, tmp_path: Path
) -> None:
    file = tmp_path / "users"
    file.write_text("ana:look\n")

    done = inventory_worker("console", "--port", "0", CONSOLE_USERS_FILE=str(file))

    assert done.returncode == 1
    assert done.stderr == (
        f"inventory-worker: CONSOLE_USERS_FILE: {file}: line 1: is not as "
        "`inventory-worker console-user` prints it\n"
    )


def test_console_user_prints_a_line_for_the_users_file(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text(
        console_user("ana", "--rights", "edit,replay", password="as long as this").stdout
    )

    [user] = UsersFile(file).read().values()

    assert user.name == "ana"
    assert set(user.rights) == {Right.LOOK, Right.REPLAY, Right.EDIT}
    assert user.password.matches("as long as this")
    assert not user.password.matches("as long as that")
    assert "as long" not in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "password", "told"),
    [
        (("a:b",), "as long as this", "no name for a line"),
        (("ana", "--rights", "fly"), "as long as this", "'fly' is no right"),
        (("ana",), "short", "12 characters at least"),
    ],
)
def test_console_user_refuses_what_would_not_do(
    arguments: tuple[str, ...], password: str, told: str
) -> None:
    done = console_user(*arguments, password=password)

    assert (done.returncode != 0, done.stdout) == (True, "")
    assert told in re.sub(r"\s+", " ", done.stderr)


def console_user(*arguments: str, password: str) -> subprocess.CompletedProcess[str]:
    given = f"{password}\n".encode()
    return forked_commands.run(
        "worker", "console-user", *arguments, environment=os.environ, given=given, timeout=60
    )
