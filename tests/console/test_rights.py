"""Who lacks a right gets no page that needs it, and changes nothing."""

from typing import Any

import httpx
import pytest
from starlette.routing import Route

from dev.servers import Servers
from tests.console.conftest import create_console, open_browser
from tests.console.page import get
from tests.dlq.dead_letters import DeadLetterQueue, creations
from worker.console.auth.rights import Right

PROXY: dict[str, Any] = {
    "user_header": "X-User",
    "groups_header": "X-Groups",
    "group_rights": "; ".join(f"{right}:{right}" for right in Right),
    "trusted_networks": "10.0.0.0/8",
}
NEEDED = [
    ("GET", "/replay", Right.REPLAY),
    ("POST", "/replay", Right.REPLAY),
    ("GET", "/note", Right.REPLAY),
    ("POST", "/note", Right.REPLAY),
    ("GET", "/discard", Right.DISCARD),
    ("POST", "/discard", Right.DISCARD),
    ("POST", "/jobs/1/file", Right.DISCARD),
    ("GET", "/edit", Right.EDIT),
    ("POST", "/edit/check", Right.EDIT),
    ("POST", "/edit", Right.EDIT),
]


def visitor(app: Any, *rights: Right) -> httpx.AsyncClient:
    return open_browser(app, "10.0.0.1", {"X-User": "ana", "X-Groups": ",".join(rights)})


@pytest.mark.parametrize(("method", "path", "right"), NEEDED)
async def test_every_other_right_together_is_not_the_one_that_is_needed(
    method: str, path: str, right: Right, dead_letters: DeadLetterQueue, empty: Servers
) -> None:
    await dead_letters.lay(creations(1))
    app = create_console(empty, **PROXY)
    without = visitor(app, *(other for other in Right if other is not right))

    refused = await ask(app, without, method, path)
    left, jobs = await get(without, "/letters"), await get(without, "/jobs")
    alone = await ask(app, visitor(app, right), method, path)

    assert refused.status_code == 403
    assert f"ana does not have the right to {right} here" in refused.text
    assert left.title == "1 dead letters"
    assert "Nobody has replayed or discarded" in jobs.text
    assert alone.status_code in {200, 303, 400, 404}


async def test_a_job_is_cancelled_only_by_who_might_have_started_it(
    dead_letters: DeadLetterQueue, empty: Servers
) -> None:
    await dead_letters.lay(creations(1))
    app = create_console(empty, **PROXY)
    started = await ask(app, visitor(app, Right.DISCARD), "POST", "/discard")
    cancel = f"{started.headers['location']}/cancel"

    refused = await ask(app, visitor(app, Right.REPLAY, Right.EDIT), "POST", cancel)
    cancelled = await ask(app, visitor(app, Right.DISCARD), "POST", cancel)

    assert refused.status_code == 403
    assert "ana does not have the right to discard here" in refused.text
    assert cancelled.status_code == 303


async def test_pages_offer_nobody_what_they_may_not_do(
    dead_letters: DeadLetterQueue, empty: Servers
) -> None:
    await dead_letters.lay(creations(1))
    app = create_console(empty, **PROXY)
    offers = {"Replay …", "Discard …", "Edit and send in its place …"}

    looker = await get(visitor(app), "/letter", id="c-0")
    everybody = await get(visitor(app, *Right), "/letter", id="c-0")

    assert offers & looker.links.keys() == set()
    assert offers <= everybody.links.keys()


async def test_every_form_of_every_page_needs_its_token(empty: Servers) -> None:
    app = create_console(empty)
    changing = [
        route.path.replace("{id}", "1")
        for route in app.routes
        if isinstance(route, Route) and "POST" in (route.methods or ())
    ]
    assert len(changing) >= 7
    async with open_browser(app) as browser:
        for path in changing:
            answer = await browser.post(path, data={"token": "0" * 64, "id": "c-0"})
            assert answer.status_code == 403, path
            assert "changed nothing" in answer.text


async def ask(app: Any, browser: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    """A form has the token that the same person with all rights has."""
    if method == "GET":
        return await browser.get(path, params={"id": "c-0"})
    page = await get(visitor(app, *Right), "/discard", id="c-0")
    token = page.form("/discard").fields["token"]
    return await browser.post(path, data={"token": token, "id": "c-0", "data": "{}"})
