"""Puts the console together: its parts, its pages, and what surrounds them."""

import asyncio
import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from worker.console.auth.forgery import Forgery
from worker.console.auth.gates import Gate, LoginGate, LoopbackGate, ProxyGate
from worker.console.auth.login import Logins
from worker.console.auth.login_limit import LoginLimit
from worker.console.auth.passwords import PasswordHash
from worker.console.auth.rights import Right
from worker.console.auth.sessions import Sessions
from worker.console.auth.users_file import UsersFile
from worker.console.console_settings import ConsoleSettings
from worker.console.errors import ErrorShown
from worker.console.pages.audit import show_audit, show_audits
from worker.console.pages.catalog import search_cars, show_awaited, show_car
from worker.console.pages.discard import download_discarded, show_discard, start_discard
from worker.console.pages.edit import check_edit, send_edit, show_edit
from worker.console.pages.jobs import cancel_job, show_job, show_jobs
from worker.console.pages.letter import download_body, show_letter
from worker.console.pages.letters import show_letters
from worker.console.pages.login import LoginPages, log_out
from worker.console.pages.message import show_message
from worker.console.pages.note import show_note, write_note
from worker.console.pages.overview import show_overview, show_workers
from worker.console.pages.replay import show_replay, start_replay
from worker.console.rendering import STATIC, create_templates
from worker.console.routing import Pages, error_page
from worker.console.security_headers import SecurityHeaders
from worker.console.visit import Console
from worker.infra.durations import DEFAULT_DURATIONS, Durations
from worker.infra.process_name import user_name
from worker.settings import Settings

AT_ONCE = 6
"""Requests that ask servers at once, each with up to five connections for a moment."""


def create_app(
    settings: Settings,
    console_settings: ConsoleSettings,
    *,
    durations: Durations = DEFAULT_DURATIONS,
    clock: Callable[[], float] = time.monotonic,
) -> Starlette:
    """The console; it asks no server before somebody visits.

    Raises:
        UsersFileError: there is to be a users file, and it cannot be read.
    """
    logins = _create_logins(console_settings, clock, durations)
    console = Console(
        settings,
        durations,
        create_templates(),
        _create_gate(console_settings, logins),
        Forgery(),
        console_settings.console_trusted_networks,
        logins,
        asyncio.Semaphore(AT_ONCE),
    )

    async def show_http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        shown = ErrorShown(error.status_code, error.detail, "There is no such page.")
        return error_page(console, request, None, shown)

    return Starlette(
        routes=_routes(console),
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={HTTPException: show_http_error},
    )


def _routes(console: Console) -> list[Route | Mount]:
    pages = Pages(console)
    logins = [] if console.logins is None else LoginPages(console, console.logins).routes()
    return [
        pages.get("/", show_overview),
        pages.get("/workers", show_workers),
        pages.get("/letters", show_letters),
        pages.get("/letter", show_letter),
        pages.get("/letter/body", download_body),
        pages.get("/message", show_message),
        pages.get("/cars", search_cars),
        pages.get("/car", show_car),
        pages.get("/awaited", show_awaited),
        pages.get("/audit", show_audits),
        pages.get("/audit/{id}", show_audit),
        pages.get("/replay", show_replay, Right.REPLAY),
        pages.post("/replay", start_replay, Right.REPLAY),
        pages.get("/note", show_note, Right.REPLAY),
        pages.post("/note", write_note, Right.REPLAY),
        pages.get("/discard", show_discard, Right.DISCARD),
        pages.post("/discard", start_discard, Right.DISCARD),
        pages.get("/edit", show_edit, Right.EDIT),
        pages.post("/edit/check", check_edit, Right.EDIT),
        pages.post("/edit", send_edit, Right.EDIT),
        pages.get("/jobs", show_jobs),
        pages.get("/jobs/{id}", show_job),
        pages.post("/jobs/{id}/cancel", cancel_job),
        pages.post("/jobs/{id}/file", download_discarded, Right.DISCARD),
        pages.post("/logout", log_out),
        *logins,
        Mount("/static", StaticFiles(directory=STATIC)),
    ]


def _create_logins(
    settings: ConsoleSettings, clock: Callable[[], float], durations: Durations
) -> Logins | None:
    if settings.console_users_file is None:
        return None
    users = UsersFile(settings.console_users_file)
    users.read()
    return Logins(
        users,
        Sessions(clock, durations),
        LoginLimit(clock, durations),
        asyncio.Semaphore(1),
        PasswordHash.of("nobody has this password"),
    )


def _create_gate(settings: ConsoleSettings, logins: Logins | None) -> Gate:
    if logins is not None:
        return LoginGate(logins.users, logins.sessions)
    if settings.console_user_header is not None:
        return ProxyGate(
            settings.console_user_header,
            settings.console_groups_header,
            settings.console_group_rights,
            settings.console_trusted_networks,
        )
    return LoopbackGate(user_name(), settings.console_host)
