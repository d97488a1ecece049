"""Refuses changes that another web site makes a browser ask for."""

import hmac
import secrets

from starlette.requests import Request

from worker.console.auth.refusals import RefusedError

FIELD = "token"
_OURS = {"same-origin", "none"}


class Forgery:
    """Tokens that only our own pages hold, for as long as this process runs."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def token(self, binding: str) -> str:
        """The token for the forms of one visitor."""
        return hmac.new(self._key, binding.encode(), "sha256").hexdigest()

    def check(self, request: Request, binding: str, token: str) -> None:
        """Checks a change.

        Raises:
            RefusedError: it does not come from a form of ours.
        """
        if request.headers.get("sec-fetch-site", "none") not in _OURS:
            raise RefusedError("this was sent by another web site, and changed nothing")
        if not hmac.compare_digest(token.encode(), self.token(binding).encode()):
            raise RefusedError(
                "this form is not of this session, and changed nothing: load it again"
            )
