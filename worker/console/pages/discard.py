"""A discard: the choice is frozen and shown, a job takes it away, and its file can be kept."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO

from starlette.responses import Response, StreamingResponse

from worker.console.choices import fields_of, read_choice
from worker.console.pages.jobs import job_id_of
from worker.console.visit import Visit, go_to

_CHUNK_BYTES = 64 * 1024


async def show_discard(visit: Visit) -> Response:
    """What would be taken out of the queue."""
    choice = read_choice(visit.asked)
    if choice.has_ages:
        return go_to("/discard", **choice.fields)
    shown = await visit.letters.show_discard(choice.selection)
    return visit.page("discard.html", choice=choice, shown=shown, frozen=fields_of(shown.selection))


async def start_discard(visit: Visit) -> Response:
    """Starts the job, and shows how it goes on."""
    choice = read_choice(visit.form)
    return go_to(f"/jobs/{await visit.letters.start_discard(choice.selection)}")


async def download_discarded(visit: Visit) -> Response:
    """What a discard took away, for `dlq import`; from then on its rows may be pruned."""
    job_id = job_id_of(visit)
    with ExitStack() as opened:
        file = opened.enter_context(tempfile.TemporaryFile("w+b"))
        await visit.letters.fetch_discarded(job_id, lambda lines: file.write(lines.encode()))
        await visit.letters.record_fetch(job_id)
        file.seek(0)
        opened.pop_all()  # it is closed once it is sent
    return StreamingResponse(
        _read(file),
        media_type="application/jsonl",
        headers={"Content-Disposition": f'attachment; filename="discarded-{job_id}.jsonl"'},
    )


def _read(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
