"""Replay, discard and edit in the browser, with a worker that takes what is sent."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.conftest import StartWorker
from tests.console.conftest import Browse
from tests.console.page import Page, get
from tests.console.walking import send, wait_job, wait_text
from tests.dlq.conftest import RETRY_DELAYS, Dlq, DlqJson
from tests.dlq.dead_letters import DeadLetterQueue, apply_events, creations, price_changes
from tests.support.histories import CREATED, Event
from worker.infra.db.engine import Sessions

Command = Callable[..., subprocess.CompletedProcess[str]]
BUG = "unexpected-error"


async def test_a_group_is_walked_from_the_overview_to_a_replay_that_ends(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient, start_worker: StartWorker
) -> None:
    await dead_letters.lay(creations(30), code=BUG)
    await dead_letters.lay([Event(CREATED, "/dealers", "d-1", {"car_id": "x"})], "invalid-event")
    start_worker(WORKER_RETRY_DELAYS=RETRY_DELAYS)

    overview = await get(browser, "/")
    group = await get(browser, overview.links[BUG])
    shown = await get(browser, group.links["Replay these 30 …"])
    job = await wait_job(browser, await send(browser, shown, "/replay", canary="5", rate="500/s"))
    after = await get(browser, "/")

    assert shown.title == "Replay 30 dead letters?"
    assert shown.rows[1][:2] == ["30", "would apply"]
    assert job.title.endswith(": replay of 30 dead letters")
    assert "done 30 of 30 replayed" in job.text
    assert "The canary went well: 5 applied." in job.text
    assert [row[0] for row in after.rows[1:2]] == ["1"]
    assert (await get(browser, "/cars")).rows[1][1:3] == ["Nissan", "Versa"]


async def test_a_job_whose_letters_left_the_queue_says_that_it_looks_for_them(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient, start_worker: StartWorker
) -> None:
    await dead_letters.lay(creations(3), code=BUG)
    await dead_letters.take_all()
    start_worker(WORKER_RETRY_DELAYS=RETRY_DELAYS)

    shown = await get(browser, "/replay", code=BUG)
    job = await send(browser, shown, "/replay", canary="0", rate="")
    looking = await wait_text(browser, job, "running 0 of 3 replayed: looking for them in")
    overview = await get(browser, "/")
    ended = await wait_job(browser, looking)

    assert "0 of 3 done, looking for them in the queue." in overview.text
    assert "done 3 of 3 replayed" in ended.text
    assert "looking for them" not in ended.text


async def test_what_dies_after_the_choice_was_shown_is_not_replayed(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient, start_worker: StartWorker
) -> None:
    await dead_letters.lay(creations(2), code=BUG)
    shown = await get(browser, "/replay", code=BUG)
    await dead_letters.lay(creations(3, "late"), code=BUG)
    start_worker(WORKER_RETRY_DELAYS=RETRY_DELAYS)

    job = await wait_job(browser, await send(browser, shown, "/replay", canary="0", rate=""))
    left = await get(browser, "/letters")

    assert "done 2 of 2 replayed" in job.text
    assert [row[1].split()[0] for row in left.rows[1:]] == ["late-2", "late-1", "late-0"]


async def test_a_canary_that_dies_again_keeps_the_rest_where_it_is(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient, start_worker: StartWorker
) -> None:
    wrong = [Event(CREATED, "/dealers", f"d-{i}", {"car_id": f"x-{i}"}) for i in range(20)]
    await dead_letters.lay(wrong, code="invalid-event")
    start_worker(WORKER_RETRY_DELAYS=RETRY_DELAYS)

    shown = await get(browser, "/replay", code="invalid-event")
    job = await wait_job(browser, await send(browser, shown, "/replay", canary="2", rate=""))

    assert "All would be dead again." in shown.text
    assert "stopped 2 of 20 replayed: the canary failed: 2 of 2 are dead again" in job.text
    assert [row[2] for row in job.rows[1:]] == ["invalid-event", "invalid-event"]


async def test_a_job_is_cancelled_and_others_are_told_who_runs_it(
    dead_letters: DeadLetterQueue, browse: Browse, start_worker: StartWorker
) -> None:
    proxy = {"user_header": "X-User", "trusted_networks": "10.0.0.0/8"}
    rights = {"groups_header": "X-Groups", "group_rights": "all:replay,discard"}

    def visit(name: str) -> httpx.AsyncClient:
        headers = {"X-User": name, "X-Groups": "all"}
        return browse(**proxy, **rights, address="10.0.0.1", headers=headers)

    ana, luis = visit("ana"), visit("luis")
    await dead_letters.lay(creations(40), code=BUG)
    start_worker(WORKER_RETRY_DELAYS=RETRY_DELAYS)

    shown, other = await get(ana, "/replay", code=BUG), await get(luis, "/discard", code=BUG)
    job = await send(ana, shown, "/replay", canary="0", rate="2/s")
    overview, refused = await get(luis, "/"), await send(luis, other, "/discard")
    [cancel] = [form.action for form in job.forms if form.action.endswith("/cancel")]
    ended = await wait_job(luis, await send(luis, await get(luis, job.address), cancel))

    assert "Replay by ana" in overview.links
    assert refused.status == 409
    assert "dlq replay by ana" in refused.text
    assert "cancelled by luis" in ended.text
    assert int((await get(ana, "/letters")).title.split()[0]) > 20


async def test_ticked_letters_are_discarded_to_a_file_that_can_be_imported(
    dead_letters: DeadLetterQueue,
    browser: httpx.AsyncClient,
    start_worker: StartWorker,
    dlq: Dlq,
    dlq_json: DlqJson,
    tmp_path: Path,
) -> None:
    await dead_letters.lay(creations(3), code=BUG)
    start_worker(WORKER_RETRY_DELAYS=RETRY_DELAYS)

    shown = Page(await browser.get("/discard", params={"id": ["c-0", "c-2"]}))
    job = await wait_job(browser, await send(browser, shown, "/discard"))
    [download] = [form for form in job.forms if form.action.endswith("/file")]
    waiting = await get(browser, "/jobs"), await get(browser, "/")
    terminal = dlq("jobs", job.address.rpartition("/")[2]).stdout
    answer = await browser.post(download.action, data=download.fields)
    imported = dlq("import", "--dry-run", keep(answer, tmp_path / "discarded.jsonl"))
    fetched = await get(browser, "/jobs"), await get(browser, "/")

    assert shown.title == "Discard 2 dead letters?"
    assert "done 2 of 2 discarded" in job.text
    assert "nobody has its file yet" in waiting[0].rows[1][3]
    assert "Nobody has the file of this discard yet" in waiting[1].text
    assert "2 letters by" in waiting[1].text
    assert "nobody has its file yet: `dlq jobs" in terminal
    assert all("obody has" not in page.text for page in fetched)
    assert 'filename="discarded-' in answer.headers["content-disposition"]
    told = [json.loads(line)["message_id"] for line in answer.text.splitlines()]
    assert told == ["c-0", "c-2"]
    assert imported.returncode == 0, imported.stderr
    assert [entry["command"] for entry in dlq_json("audit", "--looks")] == ["fetch", "discard"]


def keep(answer: httpx.Response, file: Path) -> str:
    file.write_bytes(answer.content)
    return str(file)


async def test_a_message_nested_too_deep_for_lines_is_edited_on_one(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient
) -> None:
    deep = f"{'[' * 300}1{']' * 300}"
    await dead_letters.lay([Event(CREATED, "/dealers", "deep", {"car_id": json.loads(deep)})])

    form = await get(browser, "/edit", id="deep")

    assert str(form.form("/edit/check").fields["data"]).strip() == f'{{"car_id": {deep}}}'


async def test_an_edit_is_compared_and_sent_in_the_place_of_the_letter(
    dead_letters: DeadLetterQueue,
    browser: httpx.AsyncClient,
    start_worker: StartWorker,
    sessions: Sessions,
    inventory_worker: Command,
) -> None:
    await apply_events(sessions, creations(1))
    [event] = price_changes(1)
    wrong = Event(event.type, event.source, "bad-1", {**event.data, "price_mxn": "1,5"})
    await dead_letters.lay([wrong], code="invalid-event")
    worker = start_worker(WORKER_RETRY_DELAYS=RETRY_DELAYS)

    letter = await get(browser, "/letter", id="bad-1")
    form = await get(browser, letter.links["Edit and send in its place …"])
    data = str(form.form("/edit/check").fields["data"])
    broken = await send(browser, form, "/edit/check", data=data.replace("}", ""))
    same = await send(browser, form, "/edit/check")
    refused = await send(browser, form, "/edit/check", data=data.replace("1,5", "x"))
    checked = await send(browser, refused, "/edit/check", data=data.replace("1,5", "150000.00"))
    sent = await send(browser, checked, "/edit/check", formaction="")
    answer = await browser.post(
        "/edit", data=sent.form("/edit/check").fields, follow_redirects=True
    )

    assert broken.status == 400
    assert "data is not JSON" in broken.text
    assert "nothing is changed" in same.text
    assert "price_mxn" in refused.text.partition("Send it")[0]
    assert '"price_mxn": "x"' in str(refused.form("/edit/check").fields["data"])
    assert '- "price_mxn": "1,5"' in checked.text
    assert '+ "price_mxn": "150000.00"' in checked.text
    assert checked.rows[1][:2] == ["1", "would apply"]
    audit = Page(answer)
    assert (audit.status, audit.rows[1][1]) == (200, "edit")
    assert audit.title.endswith(": edit")
    assert audit.rows[1][4] == "ids: bad-1"
    assert audit.rows[-1][0] == "bad-1"
    successor = audit.rows[-1][3]
    assert successor.startswith("edit-")
    worker.wait_results(1)
    replaced = await get(browser, "/message", id="bad-1")
    assert replaced.rows[1][0] == f"replaced by {successor}"
    sent = await get(browser, replaced.links[successor])
    assert sent.rows[1][0] == "applied"
    told = " ".join(inventory_worker("message", "bad-1").stdout.split())
    assert f"recorded: replaced by {successor}" in told
    assert (await get(browser, "/letters")).title == "0 dead letters"


async def test_a_text_that_was_changed_after_its_check_is_compared_before_it_is_sent(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient, sessions: Sessions
) -> None:
    await apply_events(sessions, creations(1))
    [event] = price_changes(1)
    wrong = Event(event.type, event.source, "bad-1", {**event.data, "price_mxn": "1,5"})
    await dead_letters.lay([wrong], code="invalid-event")
    form = await get(browser, "/edit", id="bad-1")
    data = str(form.form("/edit/check").fields["data"])
    checked = await send(browser, form, "/edit/check", data=data.replace("1,5", "5.00"))

    changed = {**checked.form("/edit/check").fields, "data": data.replace("1,5", "6.00")}
    compared = Page(await browser.post("/edit", data=changed, follow_redirects=True))
    waiting = await get(browser, "/letters")
    sent = await browser.post("/edit", data=compared.form("/edit/check").fields)

    assert '+ "price_mxn": "6.00"' in compared.text
    assert waiting.title == "1 dead letters"
    assert sent.status_code == 303
    assert (await get(browser, "/letters")).title == "0 dead letters"


@pytest.mark.parametrize(
    "fields", [{"canary": "x"}, {"canary": "-1"}, {"rate": "fast"}, {"canary": "9" * 30}]
)
async def test_a_replay_with_options_that_cannot_be_read_starts_nothing(
    fields: dict[str, str], dead_letters: DeadLetterQueue, browser: httpx.AsyncClient
) -> None:
    await dead_letters.lay(creations(1), code=BUG)
    shown = await get(browser, "/replay", id="c-0")

    answer = await send(browser, shown, "/replay", **fields)

    assert answer.status == 400
    assert "Nobody has replayed" in (await get(browser, "/jobs")).text
