from datetime import datetime, timedelta

import typer

from worker.infra.spans import parse_end


def read_end(text: str) -> datetime | timedelta:
    """Reads when something ends, from the command line: an instant, or a length from now."""
    end = parse_end(text)
    if end is None:
        raise typer.BadParameter(
            f"{text!r} is neither a length such as 2h nor an instant such as 2026-01-31T02:50:00Z"
        )
    return end
