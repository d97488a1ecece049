from collections.abc import Callable

from worker.dead_letters.session import DeadLetterSession
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.dead_letter_line import to_line
from worker.infra.messaging.dead_letters.frozen_selection import freeze
from worker.infra.messaging.dead_letters.selection import Selection


async def export(
    session: DeadLetterSession, selection: Selection, write: Callable[[str], object]
) -> int:
    """Passes each dead letter to `write` as a line of JSON with its end; returns how many.

    The messages are held meanwhile: `write` must not wait for a reader.
    """

    def on_selected(letter: DeadLetter) -> None:
        write(f"{to_line(letter)}\n")

    return len(await freeze(session.browse, selection, on_selected))
