import httpx

from tests.console.page import get
from tests.console.walking import send
from tests.dlq.conftest import DlqJson
from tests.dlq.dead_letters import DeadLetterQueue, creations
from tests.support.histories import CREATED

GROUP = {"code": "invalid-event", "type": CREATED}


async def test_a_note_is_written_shown_and_taken_away(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(creations(2), code="invalid-event")
    letters = await get(browser, "/letters", **GROUP)
    form = await get(browser, letters.links["Note …"])

    fields = {"owner": "ana", "text": "<b>commas", "ticket": "https://tickets.example/7"}
    written = await send(browser, form, "/note", **fields, mute="12h")
    overview = await get(browser, "/")
    (group,) = dlq_json("list")["groups"]

    assert "ana <b>commas https://tickets.example/7 muted until" in written.text
    assert "in 11 h" in written.text
    assert "ana <b>commas" in overview.text
    assert overview.links["https://tickets.example/7"] == "https://tickets.example/7"
    assert group["note"]["is_muted"]
    letter = await get(browser, "/letter", id="c-0")
    assert "ana <b>commas" in letter.text
    assert "muted_for: 12:00:00" in (await get(browser, "/audit")).text
    again = await get(browser, "/note", **GROUP)
    cleared = await send(browser, again, "/note", clear="1")
    assert "ana" not in cleared.text.partition("Letters")[2].partition("Newest first")[0]
    assert dlq_json("list")["groups"][0]["note"] is None


async def test_a_link_that_is_no_web_address_is_text(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient
) -> None:
    await dead_letters.lay(creations(1), code="invalid-event")
    form = await get(browser, "/note", **GROUP)

    written = await send(browser, form, "/note", ticket="javascript:alert(1)")

    assert "javascript:alert(1)" in written.text
    assert "javascript:alert(1)" not in written.links.values()


async def test_a_time_that_cannot_be_read_changes_nothing(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(creations(1), code="invalid-event")
    form = await get(browser, "/note", **GROUP)

    refused = await send(browser, form, "/note", text="the mapping is wrong", mute="soon")

    assert refused.status == 400
    assert "mute: soon is neither a length such as 12h nor an instant" in refused.text
    written = refused.form("/note").fields
    assert (written["text"], written["mute"]) == ("the mapping is wrong", "soon")
    assert dlq_json("list")["groups"][0]["note"] is None
