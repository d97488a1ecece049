"""One request of one person, and what pages need to answer it."""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jinja2 import Environment
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from worker.console.addresses import address_of
from worker.console.auth.forgery import Forgery
from worker.console.auth.gates import Gate, Network
from worker.console.auth.login import Logins
from worker.console.auth.visitor import Visitor
from worker.dead_letters.dead_letters import DeadLetters
from worker.infra.durations import Durations
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Console:
    """The parts that all requests share; `logins` is None where nobody logs in here.

    `turns` bounds the requests that ask servers at once: their connections are the workers' too.
    """

    settings: Settings
    durations: Durations
    templates: Environment
    gate: Gate
    forgery: Forgery
    trusted: "Sequence[Network]"
    logins: Logins | None
    turns: asyncio.Semaphore


@dataclass(frozen=True, slots=True)
class Visit:
    """A request that was let in; `form` is what it sends, empty unless it changes something."""

    console: Console
    request: Request
    visitor: Visitor
    form: QueryParams = field(default_factory=QueryParams)

    @property
    def asked(self) -> QueryParams:
        """The fields of the address."""
        return self.request.query_params

    @property
    def letters(self) -> DeadLetters:
        """The dead letters, for this person."""
        console = self.console
        return DeadLetters(console.settings, by=self.visitor.name, durations=console.durations)

    def page(self, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
        """A page made from a template."""
        shown = self.console.templates.get_template(template).render(
            visitor=self.visitor,
            path=self.request.url.path,
            token=self.console.forgery.token(self.visitor.binding),
            **values,
        )
        return HTMLResponse(shown, status)


def go_to(path: str, **query: object) -> RedirectResponse:
    """Sends the browser to another page of ours, with a GET."""
    return RedirectResponse(address_of(path, **query), status_code=303)
