import asyncio
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import text

from tests.conftest import StartWorker
from tests.console.page import Page, get
from tests.dlq.conftest import DlqJson
from tests.dlq.dead_letters import DeadLetterQueue, apply_events, creations, price_changes
from tests.support.histories import CHANGED, CREATED, Event
from worker.dead_letters.details import MOST_COPIES
from worker.dead_letters.whereabouts import MOST_DEAD
from worker.infra.db.engine import Sessions

NOW = datetime.now(UTC)

Command = Callable[..., subprocess.CompletedProcess[str]]


def ago(**span: float) -> str:
    return (NOW - timedelta(**span)).isoformat()


async def test_the_overview_groups_by_code_type_and_source_with_what_changed(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient
) -> None:
    await dead_letters.lay(price_changes(3), x_error_at=ago(hours=2))
    await dead_letters.lay(price_changes(1, "old"), x_error_at=ago(days=3))
    other = Event(CREATED, "/dealers", "d-1", {"car_id": "car-9"})
    await dead_letters.lay([other], code="invalid-event", x_error_at=ago(minutes=5))

    page = await get(browser, "/")

    [heads, first, second, *queues] = page.rows
    assert heads[:4] == ["Letters", "Code", "Type", "Source"]
    assert [first[0], *first[2:4], first[5]] == ["4", CHANGED, "/pricing", "+3"]
    assert first[1] == "car-not-found car-not-found of car-0"
    assert [second[0], *second[2:4], second[5]] == ["1", CREATED, "/dealers", "+1"]
    assert "3 in the last 48 hours, most 2 hours ago: 3" in first[4]
    assert ["inventory-worker.dead-letters", "5", "0"] in queues
    letters = await get(browser, page.links["4"])
    assert letters.title == "4 dead letters match"


@pytest.mark.usefixtures("dead_letters")
async def test_an_overview_without_letters_says_so_for_all_48_hours(
    browser: httpx.AsyncClient,
) -> None:
    page = await get(browser, "/")

    assert "none in the last 48 hours" in page.text
    assert "No dead letter waits. Nothing to do." in page.text


async def test_the_overview_says_what_a_group_is_caused_by(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient, sessions: Sessions
) -> None:
    await apply_events(sessions, price_changes(2))
    await dead_letters.lay(creations(1), code="invalid-event")
    await dead_letters.lay(price_changes(1, "x"), code="too-large")

    page = await get(browser, "/")

    assert "1 awaited cars: their creation is itself a dead letter, invalid-event" in page.text
    assert "1 of them: the creation of their car is itself a dead letter" in page.text
    awaited = await get(browser, "/awaited")
    assert awaited.title == "2 awaited cars"
    assert awaited.rows[1][4] == "is itself a dead letter: invalid-event"
    assert awaited.rows[2][4] == "has not come"


async def test_no_car_that_exists_is_said_to_lack_its_creation(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient, sessions: Sessions
) -> None:
    await apply_events(sessions, creations(1))
    await dead_letters.lay(creations(1, "again"), code="car-already-exists")
    await dead_letters.lay(price_changes(1), code="unexpected-error")

    page = await get(browser, "/")

    assert "is itself a dead letter" not in page.text


async def test_letters_are_filtered_by_all_that_the_address_says(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient
) -> None:
    await dead_letters.lay(price_changes(3), x_error_at=ago(hours=2))
    nobody = Event(CREATED, "", "d-1", {"car_id": "car-1", "note": "100 % Águila"})
    await dead_letters.lay([nobody], code="invalid-event", x_error_at=ago(minutes=5))

    async def ids(**query: str) -> list[str]:
        page = await get(browser, "/letters", **query)
        return [row[1].split()[0] for row in page.rows[1:]]

    assert await ids() == ["d-1", "p-2", "p-1", "p-0"]
    assert await ids(code="invalid-event") == ["d-1"]
    assert await ids(type=CHANGED) == ["p-2", "p-1", "p-0"]
    assert await ids(source="/pricing", car="car-1") == ["p-1"]
    assert await ids(**{"no-source": "1"}) == ["d-1"]
    assert await ids(since=ago(hours=1)) == ["d-1"]
    assert await ids(until=ago(hours=1), car="car-2") == ["p-2"]
    assert await ids(text="100001.00") == ["p-1"]
    assert await ids(text="NOT-FOUND of CAR-2") == ["p-2"]
    assert await ids(text="100 % ") == ["d-1"]
    assert await ids(text="1%1") == []
    assert await ids(text="p-", code="") == ["p-2", "p-1", "p-0"]


async def test_an_age_becomes_an_instant_so_that_a_link_shows_the_same_tomorrow(
    browser: httpx.AsyncClient,
) -> None:
    answer = await browser.get("/letters", params={"since": "2h", "code": "x y"})

    assert answer.status_code == 303
    found = re.fullmatch(r"/letters\?code=x\+y&since=(.*)", answer.headers["location"])
    assert found
    since = datetime.fromisoformat(httpx.QueryParams(f"since={found[1]}")["since"])
    assert abs(since - (datetime.now(UTC) - timedelta(hours=2))) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "query",
    [{"since": "yesterday"}, *({"older-than": text} for text in ("x", "9" * 30, "9" * 5000))],
)
async def test_an_address_that_cannot_be_read_says_which_field_is_wrong(
    query: dict[str, str], browser: httpx.AsyncClient
) -> None:
    answer = await browser.get("/letters", params=query)

    assert answer.status_code == 400
    assert f"{next(iter(query))}: " in Page(answer).text


async def test_paging_shows_every_letter_once_in_both_directions(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient
) -> None:
    await dead_letters.lay(price_changes(120))

    page = await get(browser, "/letters")
    pages = [page]
    while "Older →" in page.links:
        page = await get(browser, page.links["Older →"])
        pages.append(page)
    back = [page]
    while "← Newer" in page.links:
        page = await get(browser, page.links["← Newer"])
        back.append(page)

    shown = [[row[1].split()[0] for row in page.rows[1:]] for page in pages]
    assert [len(ids) for ids in shown] == [50, 50, 20]
    assert [id_ for ids in shown for id_ in ids] == [f"p-{i}" for i in reversed(range(120))]
    assert [len(page.rows) - 1 for page in back] == [20, 50, 50]
    assert back[-1].rows == pages[0].rows


async def test_a_letter_shows_what_is_wrong_and_that_it_was_opened(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient, dlq_json: DlqJson
) -> None:
    data = {"car_id": "car-7", "make": "Seat", "year": 2020, "price_mxn": 10, "occurred_at": "x"}
    detail = "model: is missing, required are car_id; price_mxn: found 10; occurred_at: found 'x'"
    await dead_letters.lay(
        [Event(CREATED, "/dealers", "bad/1?", data)], code="invalid-event", x_error_detail=detail
    )

    page = await get(browser, "/letter", id="bad/1?")

    assert page.marked == ['"price_mxn": 10', '"occurred_at": "x"']
    assert "Missing: model" in page.text
    assert "would fail again with invalid-event" in page.text
    assert "car-7 is not in the catalog" in page.text
    assert ["x-error-code", "invalid-event"] in page.rows
    [look] = dlq_json("audit", "--looks")
    assert (look["command"], look["status"], look["choice"]) == (
        "look",
        "done",
        {"ids": ["bad/1?"]},
    )
    again = await get(browser, "/letter", id="bad/1?")
    assert [again.rows[-1][1], again.rows[-1][4]] == ["look", "ids: bad/1?"]


async def test_pages_say_when_rows_and_queue_were_last_compared(
    dead_letters: DeadLetterQueue,
    browser: httpx.AsyncClient,
    sessions: Sessions,
    inventory_worker: Command,
) -> None:
    never = await get(browser, "/")
    await dead_letters.lay(price_changes(1), code="unexpected-error")
    await record_at(sessions, "2100-01-01T00:00:00Z")
    later = await get(browser, "/letter", id="p-0")
    await record_at(sessions, "2026-01-01T00:00:00Z")
    compared, letter = await get(browser, "/workers"), await get(browser, "/letter", id="p-0")
    terminal = " ".join(inventory_worker("dlq", "show", "p-0").stdout.split())
    await dead_letters.take_all()
    await dead_letters.sweep()
    gone = await get(browser, "/letter", id="p-0")

    assert "have not been compared with the queue yet" in never.text
    assert "In the queue yes, as of 2100-01-01 00:00:00Z" in later.text
    [at] = re.findall(r"were last compared with the queue at (\S+ \S+Z)", compared.text)
    assert f"In the queue yes, as of {at}" in letter.text
    assert f"in the queue yes, as of {at}" in terminal
    assert "In the queue no longer: it has vanished" in gone.text


async def record_at(sessions: Sessions, instant: str) -> None:
    """Makes all letters ones that a worker moved to the queue then."""
    async with sessions.begin() as session:
        moved = text("UPDATE dead_letters SET recorded_at = :at")
        await session.execute(moved, {"at": datetime.fromisoformat(instant)})


@pytest.mark.parametrize(
    ("code", "who"),
    [
        ("too-large", "probably its publisher. The body is larger than 256 KiB."),
        (
            "unexpected-error",
            "probably the operators. A fault of the worker, or a rule of the database",
        ),
        ("broker:expired", "probably who runs RabbitMQ. It was dead-lettered by RabbitMQ"),
        ("foreign", "probably who put it there. Neither the worker nor RabbitMQ did."),
        (
            "car-not-found",
            "probably the operators. It is older than early events that wait for their car",
        ),
    ],
)
async def test_a_group_and_a_letter_say_who_has_to_act(
    code: str,
    who: str,
    dead_letters: DeadLetterQueue,
    browser: httpx.AsyncClient,
    sessions: Sessions,
    inventory_worker: Command,
) -> None:
    await dead_letters.lay(price_changes(1))
    async with sessions.begin() as session:
        await session.execute(text("UPDATE dead_letters SET code = :code"), {"code": code})
        envelope = "UPDATE dead_letters SET envelope = replace(envelope, 'car-not-found\"', :code)"
        await session.execute(text(envelope), {"code": f'{code}"'})

    group, letter = (
        await get(browser, "/letters", code=code),
        await get(browser, "/letter", id="p-0"),
    )
    terminal = " ".join(inventory_worker("dlq", "show", "p-0").stdout.split())

    assert f"Who has to act: {who}" in group.text
    assert f"Who has to act {who}" in letter.text
    assert f"who has to act {who}" in terminal
    assert "Who has to act" not in (await get(browser, "/letters")).text


async def test_a_body_that_is_no_json_is_marked_where_reading_it_ended(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient
) -> None:
    [event] = price_changes(1)
    broken = BrokenEvent(event.type, event.source, event.message_id, event.data)
    detail = "body: Expecting ',' delimiter: line 2 column 2 (char 15)"
    await dead_letters.lay([broken], code="malformed-json", x_error_detail=detail)

    page = await get(browser, "/letter", id="p-0")
    body = await browser.get("/letter/body", params={"id": "p-0"})

    assert page.marked == ["<"]
    assert "This body is no JSON" in page.text
    assert body.content == broken.body
    assert body.headers["content-disposition"] == 'attachment; filename="body.bin"'


class BrokenEvent(Event):
    @property
    def body(self) -> bytes:
        return b'{"car_id": 1 \n <script>alert(1)</script>'


async def test_a_letter_that_is_not_there_is_not_found(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/letter", params={"id": "nobody"})

    assert answer.status_code == 404
    assert "no dead letter" in Page(answer).text or "none of the 0" in Page(answer).text


async def test_a_message_is_found_wherever_it_is(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient, sessions: Sessions
) -> None:
    await apply_events(sessions, [*creations(1), *price_changes(2)])
    await dead_letters.lay(price_changes(1, "dead"))

    applied = await get(browser, "/message", id="p-0")
    early = await get(browser, "/message", id="p-1")
    dead = await get(browser, "/message", id="dead-0")
    nowhere = await get(browser, "/message", id="nobody")

    assert applied.rows[1][0] == "applied"
    assert early.rows[1][0] == "early waits for the creation of its car"
    assert dead.rows[1][:2] == ["dead", "car-not-found: car-not-found of car-0"]
    assert "never came here" in nowhere.text


async def test_of_an_id_that_every_event_has_the_oldest_letters_are_shown(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient, inventory_worker: Command
) -> None:
    events = [replace(event, message_id="same") for event in creations(MOST_DEAD + 1)]
    await dead_letters.lay(events, code="message-id-reused")

    page = await get(browser, "/message", id="same")
    letter = await get(browser, "/letter", id="same")
    told = inventory_worker("message", "same")
    document = json.loads(inventory_worker("message", "same", "--json").stdout)

    assert len(page.rows) == 1 + MOST_DEAD
    assert page.links["all of them"] == "/letters?id=same"
    assert f", {MOST_COPIES - 1} messages" in letter.text  # the first one would be applied
    assert told.stderr == "more dead letters have this id: see `dlq list --letters --id`\n"
    assert (len(document["dead"]), document["has_more_dead"]) == (MOST_DEAD, True)


async def test_the_catalog_tells_which_message_set_each_value(
    browser: httpx.AsyncClient, sessions: Sessions
) -> None:
    await apply_events(sessions, [*creations(60), *price_changes(1)])

    found = await get(browser, "/cars", make="nissan", **{"price-max": "100009.00"})
    second = await get(browser, (await get(browser, "/cars")).links["Older →"])
    car = await get(browser, found.links["car-0"])
    wrong = await browser.get("/cars", params={"year-min": "2021", "year-max": "2020"})

    assert len(found.rows) == 11
    assert len(second.rows) == 11
    assert car.rows[1][1] == "100,000.00 MXN"
    assert car.rows[1][3].startswith("p-0 from /pricing, stored ")
    assert car.rows[2][3] == "c-0 from /pricing"
    assert wrong.status_code == 400
    assert "year_min 2021 is above year_max 2020" in Page(wrong).text


async def test_the_audit_shows_looks_only_where_they_are_asked_for(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient, dlq_json: DlqJson
) -> None:
    await dead_letters.lay(price_changes(2))
    await get(browser, "/letter", id="p-0")
    dlq_json("replay", "--id", "p-1", "--by", "ana")

    changes = await get(browser, "/audit")
    everything = await get(browser, "/audit", looks="1")
    replay = await get(browser, changes.links[changes.rows[1][0]])

    assert [row[1:3] for row in changes.rows[1:]] == [["replay", "ana"]]
    assert [row[1] for row in everything.rows[1:]] == ["replay", "look"]
    assert replay.rows[-1] == ["p-1", "/pricing", "car-not-found", "–"]


async def test_workers_and_pauses_are_shown_with_who_paused_them(
    browser: httpx.AsyncClient, start_worker: StartWorker, inventory_worker: Command
) -> None:
    before = await get(browser, "/workers")
    start_worker()
    told = inventory_worker("pause", "--reason", "<b>planned</b>", "--by", "ana").stdout
    assert told.startswith("paused by ana")

    overview, after = await get(browser, "/"), await wait_worker(browser)

    assert "No worker was seen" in before.text
    assert "Nobody has paused the workers" in before.text
    assert "The workers are paused by ana since" in overview.text
    assert "<b>planned</b>" in after.text
    assert after.rows[1][1] in {"consuming", "pausing", "paused"}, after.rows
    assert after.rows[-1][1] == "ana"


async def wait_worker(browser: httpx.AsyncClient) -> Page:
    """The page, once the row of the worker is of a time at which it consumed."""
    async with asyncio.timeout(30):
        while True:
            page = await get(browser, "/workers")
            if "1 workers" in page.text and page.rows[1][1] != "waiting":
                return page
            await asyncio.sleep(0.1)
