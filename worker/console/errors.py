"""What a person sees of an error."""

from dataclasses import dataclass
from http import HTTPStatus

from worker.console.auth.refusals import RefusedError
from worker.console.auth.users_file import UsersFileError
from worker.dead_letters.errors import (
    AppliedMeanwhileError,
    AuditNotFoundError,
    ClaimedError,
    JobEndedError,
    JobNotFoundError,
    NothingToFetchError,
)
from worker.errors import explain
from worker.infra.messaging.dead_letters.errors import NothingSelectedError


class InvalidFieldError(Exception):
    """A field of an address or a form cannot be read; the message is for a person."""


class NotFoundError(Exception):
    """There is no such thing; the message is for a person."""


@dataclass(frozen=True, slots=True)
class ErrorShown:
    """The status and the text; `is_bug` if nobody foresaw it."""

    status: int
    title: str
    text: str
    is_bug: bool = False


_TITLES = {
    400: "This cannot be read",
    401: "Log in first",
    403: "Not allowed",
    404: "Not found",
    409: "Not now",
    413: "Too large",
    429: "Too many logins",
    503: "A server does not do what was asked",
}
_STATUSES: dict[type[Exception], int] = {
    InvalidFieldError: HTTPStatus.BAD_REQUEST,
    NotFoundError: HTTPStatus.NOT_FOUND,
    NothingSelectedError: HTTPStatus.NOT_FOUND,
    AuditNotFoundError: HTTPStatus.NOT_FOUND,
    JobNotFoundError: HTTPStatus.NOT_FOUND,
    NothingToFetchError: HTTPStatus.NOT_FOUND,
    ClaimedError: HTTPStatus.CONFLICT,
    JobEndedError: HTTPStatus.CONFLICT,
    AppliedMeanwhileError: HTTPStatus.CONFLICT,
}


def show_error(error: Exception) -> ErrorShown:
    """Never more than was meant for people: a bug is told in the log alone."""
    if isinstance(error, RefusedError):
        return _shown(error.status, str(error))
    if isinstance(error, UsersFileError):
        return _shown(503, "The console cannot read its users; its log says why.")
    for kind, status in _STATUSES.items():
        if isinstance(error, kind):
            return _shown(status, str(error))
    explained = explain(error)
    if explained is None:
        text = "The console made a mistake; its log says more."
        return ErrorShown(500, "A bug", text, is_bug=True)
    return _shown(400 if explained.wrong_usage else 503, explained.line)


def _shown(status: int, text: str) -> ErrorShown:
    return ErrorShown(int(status), _TITLES[int(status)], text)
