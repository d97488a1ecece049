"""Who lacks a right gets no page that needs it, and changes nothing."""

from typing import Any

import httpx
import pytest
from starlette.routing import Route

from dev.servers import Servers
from tests.console.conftest import Browse, create_console, open_browser
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
    ("GET", "/discard", Right.DISCARD),
    ("POST", "/discard", Right.DISCARD),
    ("POST", "/jobs/1/file", Right.DISCARD),
    ("GET", "/edit", Right.EDIT),
    ("POST", "/edit/check", Right.EDIT),
    ("POST", "/edit", Right.EDIT),
]


def visitor(browse: Browse, *rights: Right) -> httpx.AsyncClient:
    headers = {"X-User": "ana", "X-Groups": ",".join(rights)}
    return browse(**PROXY, address="10.0.0.1", headers=headers)


@pytest.mark.parametrize(("method", "path", "right"), NEEDED)
async def test_every_other_right_together_is_not_the_one_that_is_needed(
    method: str,
    path: str,
    right: Right,
    dead_letters: DeadLetterQueue,
    browse: Browse,
) -> None:
    await dead_letters.lay(creations(1))
    without = visitor(browse, *(other for other in Right if other is not right))

    answer = await ask(without, method, path)

    assert answer.status_code == 403
    assert f"ana does not have the right to {right} here" in answer.text
    assert (await get(without, "/letters")).title == "1 dead letters"
    assert "Nobody has replayed or discarded" in (await get(without, "/jobs")).text


@pytest.mark.parametrize(("method", "path", "right"), NEEDED)
async def test_the_right_alone_is_enough(
    method: str, path: str, right: Right, dead_letters: DeadLetterQueue, browse: Browse
) -> None:
    await dead_letters.lay(creations(1))

    answer = await ask(visitor(browse, right), method, path)

    assert answer.status_code in {200, 303, 400, 404}


async def test_pages_offer_nobody_what_they_may_not_do(
    dead_letters: DeadLetterQueue, browse: Browse
) -> None:
    await dead_letters.lay(creations(1))
    offers = {"Replay …", "Discard …", "Edit and send in its place …"}

    looker = await get(visitor(browse), "/letter", id="c-0")
    everybody = await get(visitor(browse, *Right), "/letter", id="c-0")

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


async def ask(browser: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    if method == "GET":
        return await browser.get(path, params={"id": "c-0"})
    page = await get(browser, "/cars")
    token = page.html.partition('name="token" value="')[2][:64]
    if not token:
        token = _token_of(browser)
    return await browser.post(path, data={"token": token, "id": "c-0", "data": "{}"})


def _token_of(browser: httpx.AsyncClient) -> str:
    raise AssertionError(browser)
