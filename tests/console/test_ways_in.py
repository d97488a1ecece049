"""Who gets in, and who does not."""

import asyncio
import gc
import tracemalloc
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.console.conftest import Browse
from tests.console.page import Page, get
from worker.console.auth.login_limit import ATTEMPTS
from worker.console.auth.passwords import PasswordHash
from worker.console.auth.rights import Right
from worker.console.auth.users_file import User
from worker.console.console_settings import read_console_settings
from worker.settings import SettingsError

PASSWORD = "correct horse battery"
SECRET = PasswordHash.of(PASSWORD)

PROXY: dict[str, Any] = {
    "host": "0.0.0.0",
    "user_header": "X-Forwarded-User",
    "groups_header": "X-Forwarded-Groups",
    "group_rights": "oncall:replay; leads:discard,edit",
    "trusted_networks": "10.0.0.0/8, fd00::/8",
}


def line(name: str, *rights: Right) -> str:
    return str(User(name, frozenset({Right.LOOK, *rights}), SECRET))


@pytest.fixture
def users(tmp_path: Path) -> Path:
    file = tmp_path / "users"
    file.write_text(f"# of the team\n\n{line('ana', Right.REPLAY)}\n{line('luis')}\n")
    return file


def write(file: Path, told: str) -> None:
    file.write_text(told)


async def log_in(
    browser: httpx.AsyncClient, name: str, password: str = PASSWORD, **more: str
) -> httpx.Response:
    form = Page(await browser.get("/login", params=more)).form("/login")
    return await browser.post("/login", data={**form.fields, "name": name, "password": password})


async def test_a_user_of_the_file_logs_in_and_out(browse: Browse, users: Path) -> None:
    browser = browse(users_file=users)

    asked = await browser.get("/letters?code=too-large")
    assert asked.next_request is not None
    answer = await log_in(browser, "ana", **asked.next_request.url.params)
    page = await get(browser, answer.headers["location"])
    await browser.post("/logout", data=page.form("/logout").fields)
    after = await browser.get("/")

    assert asked.headers["location"] == "/login?next=%2Fletters%3Fcode%3Dtoo-large"
    assert answer.status_code == 303
    assert page.title == "0 dead letters match"
    assert "ana" in page.text
    assert after.headers["location"] == "/login"


async def test_the_cookie_of_a_session_is_strict_and_secure_behind_https(
    browse: Browse, users: Path
) -> None:
    settings = {"users_file": users, "trusted_networks": "10.0.0.0/8"}
    https = {"X-Forwarded-Proto": "https"}

    forged = browse(**settings, address="192.0.2.1", headers=https)
    logged_in = (await log_in(forged, "ana")).headers.get_list("set-cookie")[0]
    behind_proxy = await browse(**settings, address="10.1.1.1", headers=https).get("/login")

    assert logged_in.startswith("inventory-console=")
    assert logged_in.endswith("; HttpOnly; Path=/; SameSite=strict")
    assert behind_proxy.headers["set-cookie"].endswith("; SameSite=strict; Secure")


@pytest.mark.parametrize(
    ("name", "password"), [("ana", "wrong"), ("nobody", PASSWORD), ("ana", ""), ("", "")]
)
async def test_a_wrong_login_does_not_say_which_part_was_wrong(
    name: str, password: str, browse: Browse, users: Path
) -> None:
    answer = await log_in(browse(users_file=users), name, password)

    assert answer.status_code == 401
    assert "Name or password is wrong." in Page(answer).text
    assert "inventory-console=" not in str(answer.headers)


async def test_the_log_has_who_logged_in_and_no_password(
    browse: Browse, users: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = browse(users_file=users)

    await log_in(browser, "my password", "another password")
    await log_in(browser, "ana", "a wrong password")
    answer = await log_in(browser, "ana")

    told = capsys.readouterr().out
    assert told.count("login refused") == 2
    assert "user=ana" in told
    assert "password" not in told
    assert PASSWORD not in told
    assert answer.cookies["inventory-console"] not in told


async def test_of_a_thousand_wrong_logins_few_are_looked_at_and_sessions_live_on(
    browse: Browse, users: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, looked_at = [0.0], []

    def matches(_: PasswordHash, given: str) -> bool:
        looked_at.append(given)
        return given == PASSWORD

    monkeypatch.setattr(PasswordHash, "matches", matches)
    browser = browse(users_file=users, clock=lambda: now[0])
    await log_in(browser, "luis")
    form = Page(await browser.get("/login")).form("/login")

    answers = await asyncio.gather(
        *(
            browser.post("/login", data={**form.fields, "name": "ana", "password": f"guess-{i}"})
            for i in range(1000)
        )
    )
    late, still = await log_in(browser, "ana"), await browser.get("/cars")
    now[0] += 301
    later = await log_in(browser, "ana")

    assert {answer.status_code for answer in answers} == {401, 429}
    assert sum("guess" in password for password in looked_at) == ATTEMPTS
    assert (late.status_code, still.status_code) == (429, 200)
    assert int(late.headers["retry-after"]) > 200
    assert later.status_code == 303


async def test_names_that_nobody_can_have_take_no_memory(browse: Browse, users: Path) -> None:
    browser = browse(users_file=users)
    form = Page(await browser.get("/login")).form("/login")

    tracemalloc.start()
    try:
        for number in range(ATTEMPTS + 20):
            name = f"{number}{'x' * 500_000}"
            await browser.post("/login", data={**form.fields, "name": name, "password": "guess"})
        gc.collect()  # requests are in cycles
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 5_000_000


async def test_a_mistake_in_the_file_is_told_in_the_log_and_to_no_visitor(
    browse: Browse, users: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = browse(users_file=users)
    await log_in(browser, "luis")
    write(users, "luis:my-secret:look")

    answers = [await log_in(browser, "luis"), await browser.get("/cars")]

    told = capsys.readouterr().out
    assert {answer.status_code for answer in answers} == {503}
    assert all("its log says why" in Page(answer).text for answer in answers)
    assert not any(str(users) in answer.text for answer in answers)
    assert f"{users}: line 1: its second part is no list of rights" in told
    assert "my-secret" not in told + answers[0].text + answers[1].text


async def test_who_is_taken_out_of_the_file_is_out_at_once(browse: Browse, users: Path) -> None:
    browser = browse(users_file=users)
    await log_in(browser, "ana")
    assert (await browser.get("/cars")).status_code == 200

    write(users, line("luis"))

    assert (await browser.get("/cars")).status_code == 303


async def test_a_session_ends_when_it_is_not_used(browse: Browse, users: Path) -> None:
    now = [0.0]
    browser = browse(users_file=users, clock=lambda: now[0])
    await log_in(browser, "ana")
    now[0] += 7100
    assert (await browser.get("/cars")).status_code == 200

    now[0] += 7300

    assert (await browser.get("/cars")).status_code == 303


async def test_a_link_on_another_site_opens_the_page_for_who_is_logged_in(
    browse: Browse, users: Path
) -> None:
    browser = browse(users_file=users)

    answer = await browser.get("/letters?code=x", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0">' in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "wanted", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:0"]
)
async def test_a_login_leads_to_no_other_site(wanted: str, browse: Browse, users: Path) -> None:
    answer = await log_in(browse(users_file=users), "ana", next=wanted)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    ("groups", "rights"),
    [
        ("", "look"),
        ("guests", "look"),
        ("oncall", "look, replay"),
        ("guests, oncall,leads", "discard, edit, look, replay"),
        ("ONCALL", "look"),
    ],
)
async def test_groups_that_the_proxy_tells_become_rights(
    groups: str, rights: str, browse: Browse
) -> None:
    headers = {"X-Forwarded-User": "ana", "X-Forwarded-Groups": groups}

    page = await get(browse(**PROXY, address="10.1.2.3", headers=headers), "/cars")

    assert f'title="May: {rights}">ana<' in page.html


@pytest.mark.parametrize("address", ["192.0.2.1", "127.0.0.1", "fe80::1%eth0", "::1"])
async def test_a_header_from_an_untrusted_address_lets_nobody_in(
    address: str, browse: Browse
) -> None:
    headers = {"X-Forwarded-User": "ana", "X-Forwarded-For": "10.1.2.3"}

    answer = await browse(**PROXY, address=address, headers=headers).get("/")

    assert answer.status_code == 403
    assert "the console answers to its proxy alone" in Page(answer).text


async def test_a_proxy_that_names_nobody_or_two_lets_nobody_in(browse: Browse) -> None:
    browser = browse(**PROXY, address="fd00::1")

    nobody = await browser.get("/")
    two = await browser.get(
        "/", headers=[("X-Forwarded-User", "ana"), ("X-Forwarded-User", "luis")]
    )

    assert (nobody.status_code, two.status_code) == (401, 401)


@pytest.mark.parametrize("host", ["evil.example", "192.0.2.7:8090", "localhost.evil.example"])
async def test_a_foreign_name_for_the_loopback_address_gets_no_page(
    host: str, browse: Browse
) -> None:
    answer = await browse().get("/", headers={"Host": host})

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"host": "0.0.0.0"}, "CONSOLE_HOST 0.0.0.0 is no loopback address, and nobody would"),
        ({"host": "console.example"}, "is no loopback address"),
        ({"user_header": "X-User"}, "needs CONSOLE_TRUSTED_NETWORKS"),
        ({"users_file": "u", "user_header": "X"}, "two ways in: choose one"),
        ({"groups_header": "X-Groups"}, "CONSOLE_GROUPS_HEADER needs CONSOLE_USER_HEADER"),
        ({**PROXY, "group_rights": ""}, "need each other"),
        ({**PROXY, "group_rights": "oncall:fly"}, "'fly' is no right: there are look, replay"),
        ({**PROXY, "trusted_networks": "10.0.0.1/8"}, "has host bits set"),
    ],
)
def test_settings_that_would_let_others_in_are_refused(
    given: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"CONSOLE_{name.upper()}", value)

    with pytest.raises(SettingsError) as refused:
        read_console_settings()

    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
