import pytest

from tests.dlq.conftest import Dlq, DlqJson
from tests.dlq.dead_letters import DeadLetterQueue, creations, price_changes
from worker.infra.db.engine import Sessions
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters

GROUP = ("--code", "invalid-event", "--type", "inventory.car-created.v1")


async def test_a_note_tells_who_has_a_group_and_where_to_read_on(
    dead_letters: DeadLetterQueue, dlq: Dlq, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(creations(2), code="invalid-event")

    noted = dlq_json("note", *GROUP, "--owner", "ana", "--ticket", "https://tickets.example/7")
    dlq_json("note", *GROUP, "--text", "commas in the\nprice", "--by", "ben")

    assert noted == [{"code": GROUP[1], "type": GROUP[3]}]
    (group,) = dlq_json("list")["groups"]
    note = group["note"]
    assert note.pop("noted_at")
    assert note == {
        "owner": "ana",
        "text": r"commas in the\nprice",
        "ticket": "https://tickets.example/7",
        "muted_until": None,
        "noted_by": "ben",
        "new_since": 0,
        "is_muted": False,
    }
    assert r"ana, commas in the\nprice, https://tickets.example/7 (by ben" in dlq("list").stdout
    audit = [(entry["command"], entry["choice"]) for entry in dlq_json("audit")]
    assert audit[0] == (
        "note",
        {"code": GROUP[1], "type": GROUP[3], "text": r"commas in the\nprice"},
    )


async def test_a_muted_group_does_not_count_as_dead_until_another_dies(
    dead_letters: DeadLetterQueue, dlq: Dlq, dlq_json: DlqJson, sessions: Sessions
) -> None:
    await dead_letters.lay(creations(2), code="invalid-event")
    await dead_letters.lay(price_changes(1), code="too-large")

    dlq_json("note", *GROUP, "--mute", "2h")
    muted = dlq_json("list")
    counts = await PostgresDeadLetters(sessions).count()
    await dead_letters.lay(creations(3)[2:], code="invalid-event")

    assert (muted["total"], muted["muted"], counts.dead, counts.muted) == (3, 2, 3, 2)
    assert muted["groups"][0]["note"]["is_muted"]
    opened = dlq_json("list")
    assert (opened["total"], opened["muted"]) == (4, 0)
    assert opened["groups"][0]["note"]["new_since"] == 1
    assert "open again, 1 since the note" in dlq("list").stdout


async def test_a_group_that_comes_back_after_a_replay_is_open_again(
    dead_letters: DeadLetterQueue, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(creations(1), code="invalid-event")
    dlq_json("note", *GROUP, "--mute", "2h")
    dlq_json("replay", "--all")

    await dead_letters.lay(creations(1), code="invalid-event", x_replays=1)

    listed = dlq_json("list")
    assert (listed["muted"], listed["groups"][0]["note"]["new_since"]) == (0, 1)


async def test_a_mute_ends_at_its_time_or_by_hand(
    dead_letters: DeadLetterQueue, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(creations(1), code="invalid-event")

    dlq_json("note", *GROUP, "--mute", "2020-01-01T00:00:00Z")
    past = dlq_json("list")["muted"]
    dlq_json("note", *GROUP, "--mute", "2h")
    muted = dlq_json("list")["muted"]
    dlq_json("note", *GROUP, "--unmute")

    assert (past, muted, dlq_json("list")["muted"]) == (0, 1, 0)


async def test_cleared_notes_are_gone_and_stay_in_the_audit(
    dead_letters: DeadLetterQueue, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(creations(1), code="invalid-event")
    dlq_json("note", *GROUP, "--owner", "ana")

    cleared = dlq_json("note", *GROUP, "--clear")

    assert cleared == [{"code": GROUP[1], "type": GROUP[3]}]
    assert dlq_json("list")["groups"][0]["note"] is None
    assert [entry["command"] for entry in dlq_json("audit")] == ["note", "note"]


REFUSALS = {
    "no group": (("--owner", "ana"), "choose a group with --code, --type, or both"),
    "no change": (GROUP, "say --owner, --text, --ticket, --mute, --unmute or --clear"),
    "a code that nobody knows": (
        ("--code", "no-such", "--owner", "ana"),
        "--code 'no-such' does not exist",
    ),
    "a group without letters": (
        (*GROUP, "--owner", "ana"),
        "none of the 0 dead letters is chosen; nothing was changed",
    ),
    "no time": ((*GROUP, "--mute", "soon"), "'soon' is neither a length such as 2h nor an instant"),
}


@pytest.mark.parametrize(("arguments", "words"), REFUSALS.values(), ids=REFUSALS)
def test_a_note_says_what_is_wrong(
    dead_letters: DeadLetterQueue,  # noqa: ARG001 - asked for because it declares the queue
    dlq: Dlq,
    arguments: tuple[str, ...],
    words: str,
) -> None:
    refused = dlq("note", *arguments)

    assert refused.returncode != 0
    assert words in " ".join(refused.stderr.split()).replace("│ ", "")
