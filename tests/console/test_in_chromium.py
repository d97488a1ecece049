"""The console in a real browser, with scripts on and off."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dev.chromium import PROGRAM, Chromium
from tests.conftest import StartWorker
from tests.console.conftest import Start
from tests.dlq.conftest import RETRY_DELAYS
from tests.dlq.dead_letters import DeadLetterQueue, apply_events, creations, price_changes
from tests.support.histories import CREATED, Event
from worker.infra.db.engine import Sessions

pytestmark = [
    pytest.mark.needs_tools,
    pytest.mark.skipif(PROGRAM is None, reason="chromium is not there: apt-get install chromium"),
]

BUG, WRONG = "unexpected-error", "invalid-event"
NPM = Path(__file__).parent / "npm"
SERIOUS = {"serious", "critical"}


@pytest.fixture
async def chromium(tmp_path: Path) -> AsyncIterator[Chromium]:
    async with Chromium.start(tmp_path / "profile") as browser:
        yield browser


async def test_a_click_waits_for_its_page_while_another_loads_itself_anew(
    chromium: Chromium,
) -> None:
    pages = {
        "/restless": ["<meta http-equiv=refresh content=0>"],
        "/first": ["<a href=/slow>Go</a>"],
        "/slow": ["begun", " and arrived"],
    }

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            _, path, _ = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ", 2)
        except asyncio.IncompleteReadError:  # chromium connects ahead, and may ask for nothing
            writer.close()
            return
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n")
        for part in pages.get(path, []):
            writer.write(part.encode())
            await writer.drain()
            await asyncio.sleep(1 if path == "/slow" else 0)  # so slowly it comes
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        restless, tab = await chromium.open_tab(), await chromium.open_tab()
        await restless.open(f"{url}/restless")
        await tab.open(f"{url}/first")

        await tab.click("Go")

        assert await tab.text() == "begun and arrived"


def wrong_creations(count: int) -> list[Event]:
    data = {"make": "Seat", "model": "Ibiza", "year": 2020, "occurred_at": "2026-01-01T00:00:00Z"}
    return [
        Event(CREATED, "/dealers", f"w-{i}", {"car_id": f"w-{i}", **data, "price_mxn": "1,5"})
        for i in range(count)
    ]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
async def test_the_night_of_two_causes_is_walked_from_the_overview_to_a_replay_that_ends(
    scripts: bool,
    dead_letters: DeadLetterQueue,
    chromium: Chromium,
    start_console: Start,
    start_worker: StartWorker,
) -> None:
    await dead_letters.lay(creations(3000), code=BUG)
    await dead_letters.lay(wrong_creations(400), code=WRONG)
    start_worker(WORKER_RETRY_DELAYS=RETRY_DELAYS)
    _, url = start_console(WORKER_RETRY_DELAYS=RETRY_DELAYS)
    tab = await chromium.open_tab(scripts=scripts)

    await tab.open(url)
    overview = await tab.text()
    await tab.click(BUG)
    await tab.click("Replay these 3,000 …")
    rehearsed = await tab.text()
    await tab.fill("#canary", "25")
    await tab.fill("#rate", "")
    await tab.click("Replay 3,000")
    ended = await tab.wait_text("done 3,000 of 3,000 replayed")
    await tab.open(url)

    assert "3,400" in overview
    assert "would apply" in rehearsed
    assert "The canary went well: 25 applied." in ended
    assert "3,000" not in await tab.text()
    assert await tab.evaluate("document.querySelector('.figures a').textContent") == "400"


async def test_an_edit_is_typed_compared_and_sent(
    dead_letters: DeadLetterQueue,
    chromium: Chromium,
    start_console: Start,
    start_worker: StartWorker,
) -> None:
    await dead_letters.lay(wrong_creations(1), code=WRONG)
    start_worker(WORKER_RETRY_DELAYS=RETRY_DELAYS)
    _, url = start_console(WORKER_RETRY_DELAYS=RETRY_DELAYS)
    tab = await chromium.open_tab(width=400)

    await tab.open(f"{url}/letter?id=w-0")
    await tab.click("Edit and send in its place …")
    data = await tab.evaluate("document.querySelector('#data').value")
    await tab.fill("#data", data.replace("1,5", "249999.00"))
    await tab.click("Check what changes")
    compared = await tab.text()
    await tab.click("Send it in its place")

    assert '- "price_mxn": "1,5"' in " ".join(compared.split())
    assert '+ "price_mxn": "249999.00"' in " ".join(compared.split())
    assert "would apply" in compared
    assert "edit-" in await tab.text()
    await tab.open(f"{url}/letters")
    assert "0 dead letters" in await tab.text()


async def test_two_people_at_once_and_a_cancel(
    dead_letters: DeadLetterQueue,
    chromium: Chromium,
    start_console: Start,
    start_worker: StartWorker,
) -> None:
    await dead_letters.lay(creations(60), code=BUG)
    start_worker(WORKER_RETRY_DELAYS=RETRY_DELAYS)
    _, url = start_console(WORKER_RETRY_DELAYS=RETRY_DELAYS)
    ana, luis = await chromium.open_tab(), await chromium.open_tab()

    await ana.open(f"{url}/replay?code={BUG}")
    await luis.open(f"{url}/discard?code={BUG}")
    await ana.fill("#canary", "0")
    await ana.fill("#rate", "5/s")
    await ana.click("Replay 60")
    await luis.click("Discard 60")
    refused = await luis.text()
    await ana.click("Cancel")
    ended = await ana.wait_text("stopped")

    assert "has been changing the dead letters" in refused
    assert "cancelled by" in ended


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe, from the package registry."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("axe")
    shutil.copy(NPM / "package.json", folder)
    command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=folder, check=True, timeout=300)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
async def test_axe_finds_no_serious_fault_on_any_page(
    width: int,
    scheme: str,
    axe: str,
    dead_letters: DeadLetterQueue,
    chromium: Chromium,
    sessions: Sessions,
    start_console: Start,
) -> None:
    await apply_events(sessions, [*creations(3), *price_changes(5)])
    await dead_letters.lay(wrong_creations(60), code=WRONG)
    _, url = start_console(WORKER_RETRY_DELAYS=RETRY_DELAYS)
    tab = await chromium.open_tab(width=width)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    await tab.call("Emulation.setEmulatedMedia", features=features)
    pages = [
        *("/", "/workers", "/letters", "/letters?text=nothing", "/letter?id=w-1"),
        "/message?id=p-4",
        *("/cars", "/car?id=car-0", "/awaited", "/audit?looks=1", "/jobs", "/jobs/1", "/nowhere"),
        *("/replay?id=w-1&id=w-2", "/discard?id=w-1", "/edit?id=w-1"),
        f"/note?code={WRONG}&type={CREATED}",
    ]

    faults: dict[str, Any] = {}
    for page in pages:
        await tab.open(f"{url}{page}")
        await tab.evaluate(axe)
        found = json.loads(await tab.evaluate("axe.run().then(found => JSON.stringify(found))"))
        for fault in found["violations"]:
            if fault["impact"] in SERIOUS:
                nodes = [(node["html"], node["failureSummary"]) for node in fault["nodes"][:2]]
                faults[f"{page}: {fault['id']}"] = nodes
        assert found["passes"], page

    assert faults == {}
