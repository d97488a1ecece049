import asyncio
from typing import Annotated

import typer

from worker.cli.dlq.dead_letters import dead_letters
from worker.cli.output import AS_JSON, print_json


def show(
    message_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],
    *,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Show a dead letter: properties, headers, body, history, and what is known of its car."""
    from worker.cli.dlq.letter_details import details_document, print_details

    found = asyncio.run(dead_letters().details(message_id))
    if as_json:
        print_json([details_document(shown) for shown in found])
    else:
        for shown in found:
            print_details(shown)
