from worker.infra.check import Check
from worker.infra.db.engine import Sessions
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.repositories.pauses import PostgresPauses

_CHECK = "pause"


async def check_pause(sessions: Sessions) -> Check:
    """Warns if operators keep the workers from consuming."""
    try:
        pause = await PostgresPauses(sessions).in_force()
    except DATABASE_ERRORS as trouble:
        return Check(_CHECK, str(translate(trouble)), is_warning=True)
    if pause is None:
        return Check(_CHECK, None)
    return Check(_CHECK, f"{pause}: `inventory-worker resume` ends it", is_warning=True)
