"""The only pages for people whom nobody knows yet."""

import secrets
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from worker.console.addresses import address_of, own_path
from worker.console.auth.forgery import FIELD
from worker.console.auth.gates import COOKIE
from worker.console.auth.login import Logins
from worker.console.auth.origin import client_address, is_https
from worker.console.auth.refusals import RefusedError, TooManyLoginsError
from worker.console.forms import read_form
from worker.console.routing import answer_error
from worker.console.visit import Console, Visit

BEFORE_LOGIN = "inventory-console-login"
"""A cookie to which the token of the form belongs: nobody else can log a person in."""

WRONG = "Name or password is wrong."


@dataclass(frozen=True, slots=True)
class LoginPages:
    """The form, and what it sends."""

    console: Console
    logins: Logins

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route("/login", self._show, methods=["GET"]),
            Route("/login", self._log_in, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        return self._form(request, request.query_params.get("next", "/"))

    async def _log_in(self, request: Request) -> Response:
        try:
            return await self._try(request)
        except TooManyLoginsError as too_many:
            answer = self._form(request, "/", problem=str(too_many), status=too_many.status)
            answer.headers["Retry-After"] = str(int(too_many.seconds) + 1)
            return answer
        except (RefusedError, OSError) as refused:
            return answer_error(self.console, request, None, refused)

    async def _try(self, request: Request) -> Response:
        form = await read_form(request)
        before = request.cookies.get(BEFORE_LOGIN, "")
        self.console.forgery.check(request, _binding(before), form.get(FIELD, ""))
        address = client_address(request, self.console.trusted)
        name, wanted = form.get("name", "").strip(), own_path(form.get("next", "/"))
        secret = await self.logins.log_in(address, name, form.get("password", ""))
        if secret is None:
            return self._form(request, wanted, problem=WRONG, status=401)
        answer = RedirectResponse(wanted, status_code=303)
        _set_cookie(answer, COOKIE, secret, is_secure=self._is_https(request))
        answer.delete_cookie(BEFORE_LOGIN, path="/login", samesite="strict", httponly=True)
        return answer

    def _form(
        self, request: Request, wanted: str, *, problem: str | None = None, status: int = 200
    ) -> HTMLResponse:
        before = request.cookies.get(BEFORE_LOGIN) or secrets.token_urlsafe(32)
        told = self.console.templates.get_template("login.html").render(
            visitor=None,
            path="/login",
            token=self.console.forgery.token(_binding(before)),
            next=own_path(wanted),
            problem=problem,
        )
        answer = HTMLResponse(told, status)
        _set_cookie(answer, BEFORE_LOGIN, before, is_secure=self._is_https(request), path="/login")
        return answer

    def _is_https(self, request: Request) -> bool:
        return is_https(request, self.console.trusted)


async def log_out(visit: Visit) -> Response:
    """Ends the session."""
    if visit.console.logins is not None and visit.visitor.has_session:
        visit.console.logins.sessions.end(visit.visitor.binding)
    answer = RedirectResponse(address_of("/login"), status_code=303)
    answer.delete_cookie(COOKIE, samesite="strict", httponly=True)
    return answer


def _binding(before: str) -> str:
    return f"login {before}"


def _set_cookie(
    answer: Response, name: str, value: str, *, is_secure: bool, path: str = "/"
) -> None:
    answer.set_cookie(name, value, path=path, httponly=True, samesite="strict", secure=is_secure)
