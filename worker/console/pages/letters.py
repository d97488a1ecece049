from starlette.responses import Response

from worker.console.choices import read_choice, read_position
from worker.console.visit import Visit, go_to
from worker.dead_letters.known_names import CODES, TYPES
from worker.dead_letters.responsibility import who_acts
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.domain.value_objects.group_note import GroupNote

PAGE_SIZE = 50


async def show_letters(visit: Visit) -> Response:
    """The letters that the address chooses, newest first."""
    choice = read_choice(visit.asked)
    if choice.has_ages:
        return go_to("/letters", **choice.fields)
    position = read_position(visit.request.query_params)
    page = await visit.letters.page(choice.selection, position, PAGE_SIZE)
    return visit.page(
        "letters.html",
        choice=choice,
        page=page,
        note=await _find_note(visit, choice.selection),
        who_acts=choice.selection.code and who_acts(choice.selection.code),
        codes=CODES,
        types=TYPES,
        size=PAGE_SIZE,
    )


async def _find_note(visit: Visit, selection: Selection) -> GroupNote | None:
    if selection.code is None or selection.type is None:
        return None
    return (await visit.letters.all_notes()).get((selection.code, selection.type))
