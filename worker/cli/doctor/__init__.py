"""`doctor`: checks the servers and says what to do about problems."""

import asyncio
from typing import Annotated

import typer

from worker.cli.failures import FAILED
from worker.cli.output import AS_JSON, print_json, print_table
from worker.infra.check import Check


def doctor(*, as_json: Annotated[bool, AS_JSON] = False) -> None:
    """Check broker, database, schema, queues, rights and clock, and say what to do."""
    from worker.cli.doctor.inspection import inspect
    from worker.settings import read_settings

    inspections = asyncio.run(inspect(read_settings()))
    if as_json:
        print_json(
            [{"check": i.check, "problem": i.problem, "verdict": _verdict(i)} for i in inspections]
        )
    else:
        rows = [(_verdict(i), i.check, i.problem) for i in inspections]
        print_table("inventory-worker doctor", ("", "check", "what to do"), rows)
    if any(inspection.problem and not inspection.is_warning for inspection in inspections):
        raise typer.Exit(FAILED)


def _verdict(inspection: Check) -> str:
    if inspection.problem is None:
        return "ok"
    return "warning" if inspection.is_warning else "WRONG"
