"""A replay in steps: the choice is frozen and rehearsed, then a job sends canary and rest."""

from starlette.datastructures import QueryParams
from starlette.responses import Response

from worker.console.choices import fields_of, parse_number, read_choice
from worker.console.errors import InvalidFieldError
from worker.console.visit import Visit, go_to
from worker.dead_letters.replay_options import ReplayOptions
from worker.infra.messaging.dead_letters.rate_limit import parse_rate

CANARY = 10
RATE = "100/s"

_MOST_CANARIES = 10_000


async def show_replay(visit: Visit) -> Response:
    """What would be replayed, and what would become of it."""
    choice = read_choice(visit.asked)
    if choice.has_ages:
        return go_to("/replay", **choice.fields)
    shown = await visit.letters.show_replay(choice.selection)
    return visit.page(
        "replay.html",
        choice=choice,
        shown=shown,
        frozen=fields_of(shown.selection),
        canary=min(CANARY, shown.messages),
        rate=RATE,
    )


async def start_replay(visit: Visit) -> Response:
    """Starts the job, and shows how it goes on."""
    choice = read_choice(visit.form)
    options = ReplayOptions(_canary(visit.form), _rate(visit.form))
    job_id = await visit.letters.start_replay(choice.selection, options)
    return go_to(f"/jobs/{job_id}")


def _canary(form: QueryParams) -> int:
    told = form.get("canary", "").strip() or "0"
    canary = parse_number(told, _MOST_CANARIES)
    if canary is None:
        raise InvalidFieldError(f"canary: a number up to {_MOST_CANARIES}; 0 for none")
    return canary


def _rate(form: QueryParams) -> float | None:
    told = form.get("rate", "").strip()
    try:
        return parse_rate(told) if told else None
    except ValueError as wrong:
        raise InvalidFieldError(f"rate: {wrong}") from None
