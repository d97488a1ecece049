"""What publishers and visitors send is shown as text, and what they ask for is bounded."""

import json
from typing import Any

import aio_pika
import httpx
import pytest

from dev.servers import Servers
from tests.console.conftest import create_console, open_browser
from tests.console.page import Page, get
from tests.dlq.dead_letters import DeadLetterQueue, creations
from worker.console.security_headers import HEADERS
from worker.infra.printable import printable

MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}\x1b[2J\u202e'


def hostile_message() -> aio_pika.Message:
    """Markup in every property, header, field and value."""
    data = {"car_id": MARKUP, "make": MARKUP, MARKUP: [MARKUP, {MARKUP: MARKUP}]}
    headers: dict[str, Any] = {
        "x-error-code": MARKUP,
        "x-error-detail": f"car_id: {MARKUP}; {MARKUP}: {MARKUP}",
        "x-original-exchange": MARKUP,
        "x-original-routing-key": MARKUP,
        MARKUP: MARKUP,
        "nested": {MARKUP: [MARKUP]},
    }
    return aio_pika.Message(
        json.dumps(data).encode(),
        content_type=MARKUP,
        content_encoding=MARKUP,
        message_id=MARKUP,
        type=MARKUP,
        app_id=MARKUP,
        correlation_id=MARKUP,
        reply_to=MARKUP,
        headers=headers,
    )


async def test_markup_in_every_field_of_a_message_stays_text_on_every_page(
    dead_letters: DeadLetterQueue, browser: httpx.AsyncClient
) -> None:
    await dead_letters.lay_messages([hostile_message()])
    overview = await get(browser, "/")
    letters = await get(browser, "/letters", text="<script>")
    opened = await get(browser, "/letter", id=printable(MARKUP))
    pages = [overview, letters, opened]
    for address, query in (
        ("/message", {"id": MARKUP}),
        ("/letters", {"code": MARKUP, "type": MARKUP, "source": MARKUP, "car": MARKUP}),
        ("/cars", {"make": MARKUP}),
        ("/audit", {"looks": "1"}),
    ):
        pages.append(await get(browser, address, **query))

    for page in pages:
        assert_harmless(page)
        assert "&lt;script&gt;" in page.html
    assert "<script>alert(1)</script>" in opened.text
    assert "\u202e" not in opened.html


def assert_harmless(page: Page) -> None:
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert "style" not in attributes
        if tag == "script":
            assert attributes["src"] == "/static/console.js"
        if tag in {"a", "form"}:
            target = attributes.get("href") or attributes.get("action", "/")
            assert target.startswith(("/", "#")), target
    assert not {tag for tag, _ in page.tags} & {"img", "iframe", "object", "style"}
    assert "\x1b" not in page.html


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/..%5capp.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/console.css%00.py",
        "/audit/../../etc/passwd",
        "/audit/1%2f..",
        "/templates/layout.html",
    ],
)
async def test_a_path_leads_to_no_other_file(path: str, browser: httpx.AsyncClient) -> None:
    url = httpx.URL("http://localhost:8090").copy_with(raw_path=path.encode())

    answer = await browser.get(url)

    assert answer.status_code in {400, 404}
    assert "root:" not in answer.text
    assert "import" not in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/cars", "/nowhere", "/letters?since=x", "/static/console.css", "/car?id=1"]
)
async def test_every_answer_says_what_a_browser_may_do_with_it(
    path: str, browser: httpx.AsyncClient
) -> None:
    answer = await browser.get(path)

    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    kept = "no-cache" if path.startswith("/static/") else "no-store"
    assert answer.headers["cache-control"] == kept
    assert "unsafe" not in answer.headers["content-security-policy"]


async def test_a_bug_is_told_in_the_log_and_not_on_the_page(
    browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("a secret")

    monkeypatch.setattr("worker.console.pages.letters.read_position", fail)

    answer = await browser.get("/letters")

    assert answer.status_code == 500
    assert "a secret" not in answer.text
    assert "a secret" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 303),
        ({"headers": {"Sec-Fetch-Site": "same-origin"}}, 303),
        ({"data": {"token": ""}}, 403),
        ({"data": {"token": "0" * 64}}, 403),
        ({"data": {"token": "\u00e9"}}, 403),
        ({"headers": {"Sec-Fetch-Site": "cross-site"}}, 403),
        ({"headers": {"Sec-Fetch-Site": "same-site"}}, 403),
        ({"headers": {"Content-Type": "text/plain"}}, 403),
        ({"headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 403),
        ({"data": {"more": "x" * 1_100_000}}, 413),
        ({"data": {str(i): "x" for i in range(300)}}, 403),
    ],
)
async def test_a_form_counts_only_if_it_is_one_of_ours(
    changed: dict[str, Any], status: int, dead_letters: DeadLetterQueue, browser: httpx.AsyncClient
) -> None:
    await dead_letters.lay(creations(1))
    token = (await get(browser, "/replay", id="c-0")).form("/replay").fields["token"]
    data = {"token": token, **changed.get("data", {})}

    answer = await browser.post("/logout", data=data, headers=changed.get("headers"))

    assert answer.status_code == status


async def test_the_token_of_another_person_does_not_do(
    dead_letters: DeadLetterQueue, empty: Servers
) -> None:
    await dead_letters.lay(creations(1))
    app = create_console(empty, user_header="X-User", trusted_networks="10.0.0.0/8", **ALL_REPLAY)
    ana, luis = (
        open_browser(app, "10.0.0.1", {"X-User": name, "X-Groups": "all"})
        for name in ("ana", "luis")
    )
    form = (await get(ana, "/replay", id="c-0")).form("/replay")

    answers = [await who.post("/replay", data=form.fields) for who in (luis, ana)]

    assert [answer.status_code for answer in answers] == [403, 303]


ALL_REPLAY = {"groups_header": "X-Groups", "group_rights": "all:replay"}
