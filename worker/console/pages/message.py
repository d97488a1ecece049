from starlette.responses import Response

from worker.console.visit import Visit
from worker.infra.printable import printable


async def show_message(visit: Visit) -> Response:
    """Where the messages of one id are: recorded, waiting for a retry, or dead."""
    message_id = printable(visit.asked.get("id", "").strip())
    found = await visit.letters.where_is(message_id) if message_id else None
    days = visit.console.settings.worker_retention_days
    return visit.page("message.html", message_id=message_id, found=found, days=days)
