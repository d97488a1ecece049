"""Every page passes here: who asks, whether they may, and what an error looks like."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from worker.console.addresses import address_of
from worker.console.auth.forgery import FIELD
from worker.console.auth.refusals import NotSignedInError, RefusedError
from worker.console.auth.rights import Right
from worker.console.auth.users_file import UsersFileError
from worker.console.auth.visitor import Visitor
from worker.console.errors import ErrorShown, show_error
from worker.console.forms import read_form
from worker.console.visit import Console, Visit, go_to

_log = structlog.get_logger(__name__)

Page = Callable[[Visit], Awaitable[Response]]

_AGAIN = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0">'
    "<title>Console</title>"
)


class Pages:
    """Makes routes; a page without the right is never called."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def get(self, path: str, page: Page, right: Right = Right.LOOK) -> Route:
        """A page that changes nothing."""

        async def answer(request: Request) -> Response:
            return await self._answer(request, page, right)

        return Route(path, answer, methods=["GET"], name=f"get {path}")

    def post(self, path: str, page: Page, right: Right = Right.LOOK) -> Route:
        """A page that changes something, for a form of ours."""

        async def answer(request: Request) -> Response:
            return await self._answer(request, page, right)

        return Route(path, answer, methods=["POST"], name=f"post {path}")

    async def _answer(self, request: Request, page: Page, right: Right) -> Response:
        try:
            visitor = self._console.gate.admit(request)
        except NotSignedInError as nobody:
            return self._ask_to_log_in(request, nobody)
        except Exception as error:  # noqa: BLE001 - each becomes a page
            return answer_error(self._console, request, None, error)
        try:
            return await self._let_in(request, visitor, page, right)
        except Exception as error:  # noqa: BLE001 - as above
            return answer_error(self._console, request, visitor, error)

    async def _let_in(
        self, request: Request, visitor: Visitor, page: Page, right: Right
    ) -> Response:
        if not visitor.may(right):
            raise RefusedError(f"{visitor.name} does not have the right to {right} here")
        form = await read_form(request) if request.method == "POST" else QueryParams()
        if request.method == "POST":
            self._console.forgery.check(request, visitor.binding, form.get(FIELD, ""))
        bound = None if request.method == "POST" else self._console.durations.page
        async with asyncio.timeout(bound), self._console.turns:  # no change is broken off
            return await page(Visit(self._console, request, visitor, form))

    def _ask_to_log_in(self, request: Request, nobody: NotSignedInError) -> Response:
        """A link on another site comes without the strict cookie: once more from here has it."""
        if self._console.logins is None or request.method != "GET":
            return answer_error(self._console, request, None, nobody)
        if request.headers.get("sec-fetch-site") == "cross-site":
            return HTMLResponse(_AGAIN)
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return go_to("/login", next=None if asked == "/" else asked)


def answer_error(
    console: Console, request: Request, visitor: Visitor | None, error: Exception
) -> Response:
    """A page that says what is wrong; the log has what no page may tell."""
    shown = show_error(error)
    if shown.is_bug:
        _log.error("a page failed", path=request.url.path, exc_info=error)
    elif isinstance(error, UsersFileError):
        _log.error("nobody can log in", reason=str(error))
    return error_page(console, request, visitor, shown)


def error_page(
    console: Console, request: Request, visitor: Visitor | None, shown: ErrorShown
) -> Response:
    """A page with an error."""
    told = console.templates.get_template("error.html").render(
        visitor=visitor,
        path=request.url.path,
        token="" if visitor is None else console.forgery.token(visitor.binding),
        shown=shown,
        login=address_of("/login") if console.logins else None,
    )
    return HTMLResponse(told, shown.status)
