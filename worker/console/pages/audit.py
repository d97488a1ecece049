from starlette.responses import Response

from worker.console.choices import read_id
from worker.console.errors import NotFoundError
from worker.console.visit import Visit

PAGE_SIZE = 50
MOST_MESSAGES = 1000


async def show_audits(visit: Visit) -> Response:
    """Who did what, newest first; who looked only if the address asks for it."""
    looks, before = bool(visit.asked.get("looks")), read_id(visit.asked, "before")
    entries = await visit.letters.audits(PAGE_SIZE + 1, before=before, looks=looks)
    shown = entries[:PAGE_SIZE]
    return visit.page(
        "audits.html",
        entries=shown,
        looks=looks,
        older=shown[-1].id if len(entries) > PAGE_SIZE else None,
        before=before,
    )


async def show_audit(visit: Visit) -> Response:
    """One command, and the first of the messages that it dealt with."""
    audit_id = read_id(visit.request.path_params, "id")
    if audit_id is None:
        raise NotFoundError("the address lacks the number of the command")
    change = await visit.letters.audit(audit_id)
    return visit.page("audit.html", change=change, most=MOST_MESSAGES)
