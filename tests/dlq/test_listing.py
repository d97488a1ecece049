import signal
from dataclasses import replace
from pathlib import Path

from dev.servers import Servers
from tests.dlq.conftest import Dlq, DlqJson, Operator
from tests.dlq.dead_letters import DeadLetterQueue, creations, price_changes
from tests.support.terminals import read_until, terminal
from worker.domain.value_objects.dead_letter_selection import Selection

LATER = "2026-01-31T04:00:00.000+00:00"


async def test_single_letters_are_listed_with_what_tells_them_apart(
    dead_letters: DeadLetterQueue, dlq: Dlq, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(price_changes(2))
    await dead_letters.lay(price_changes(1), x_error_at=LATER)

    listed = dlq_json("list", "--letters", "--car", "car-0", "--sort", "newest")
    table = dlq("list", "--letters", "--limit", "2").stdout

    assert (listed["total"], listed["vanished"]) == (3, 0)
    assert [letter["died_at"][11:16] for letter in listed["letters"]] == ["04:00", "02:50"]
    assert listed["letters"][1] == {
        "id": "p-0",
        "source": "/pricing",
        "code": "car-not-found",
        "type": "inventory.price-changed.v1",
        "car": "car-0",
        "messages": 1,
        "died_at": "2026-01-31T02:50:00+00:00",
        "attempts": 4,
        "replays": 0,
        "detail": "car-not-found of car-0",
        "is_vanished": False,
    }
    assert table.startswith("2 of 3 dead letters")
    assert table.count("/pricing") == 2


async def test_groups_come_in_the_order_that_is_asked_for(
    dead_letters: DeadLetterQueue, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(price_changes(1), code="invalid-event", x_error_at=LATER)
    await dead_letters.lay(creations(2), code="too-large")

    def codes(*options: str) -> list[str]:
        return [group["code"] for group in dlq_json("list", *options)["groups"]]

    assert codes() == ["too-large", "invalid-event"]
    assert codes("--sort", "newest") == ["invalid-event", "too-large"]


async def test_ids_of_a_file_choose_like_ids_of_the_command(
    dead_letters: DeadLetterQueue, dlq_json: DlqJson, tmp_path: Path
) -> None:
    await dead_letters.lay(price_changes(4))
    file = tmp_path / "ids.txt"
    file.write_text("\ufeffp-1\r\n\n  p-3  \np-1\n", encoding="utf-8")

    replayed = dlq_json("replay", "--id", "p-0", "--ids-from", str(file))

    assert replayed["done"] == 3
    assert [letter["id"] for letter in dlq_json("list", "--letters")["letters"]] == ["p-2"]


async def test_more_ids_than_a_statement_has_parameters_can_be_chosen(
    dead_letters: DeadLetterQueue, operator: Operator
) -> None:
    await dead_letters.lay(price_changes(2))
    ids = (*(f"x-{i}" for i in range(40_000)), "p-1")

    listed = await operator("ana").letters(Selection(ids))

    assert [letter.id for letter in listed.listed] == ["p-1"]


async def test_a_watched_list_shows_what_comes_until_ctrl_c(
    dead_letters: DeadLetterQueue, empty: Servers
) -> None:
    with terminal(empty, 100, "dlq", "list", "--watch") as (process, ours):
        printed = read_until(ours, b"0 dead letters")
        await dead_letters.lay(price_changes(3))
        printed += read_until(ours, b"3 dead letters")
        process.send_signal(signal.SIGINT)

        assert process.wait(30) == 0
    assert b"again every 2 s until Ctrl-C" in printed


async def test_letters_are_chosen_by_source_and_by_text(
    dead_letters: DeadLetterQueue, dlq: Dlq, dlq_json: DlqJson
) -> None:
    nobody, *others = price_changes(3)
    await dead_letters.lay([replace(nobody, source=""), *others])

    def ids(*options: str) -> list[str]:
        return [letter["id"] for letter in dlq_json("list", "--letters", *options)["letters"]]

    assert ids("--source", "/pricing") == ["p-1", "p-2"]
    assert ids("--source", "") == ["p-0"]
    assert ids("--text", "100002.00") == ["p-2"]
    assert ids("--text", "NOT-FOUND", "--limit", "2") == ["p-0", "p-1"]
    assert "chosen" in dlq_json("replay", "--source", "", "--dry-run")
    assert len(dlq("export", "--text", "p-1").stdout.splitlines()) == 1
