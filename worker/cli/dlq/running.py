"""Runs a command that changes the dead letters: progress bar, Ctrl-C, and the report."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import typer

from worker.cli.dlq.dead_letters import ask
from worker.cli.dlq.terminal import Terminal
from worker.cli.failures import FAILED
from worker.cli.output import print_json
from worker.dead_letters.change_report import ChangeReport


def run_change(change: Callable[[Terminal], Awaitable[ChangeReport]], *, as_json: bool) -> None:
    """Runs it and reports; a change that stopped before its end exits with 1."""
    print_report(ask(_follow(change)), as_json=as_json)


def print_report(report: ChangeReport, *, as_json: bool, may_stop: bool = False) -> None:
    """Says how far it came, and exits with 1 if that is not its end, unless it was to stop."""
    if as_json:
        print_json(_document(report))
    else:
        stopped = f"{report.why_stopped}: " if report.why_stopped else ""
        typer.echo(f"{stopped}{report.summary}", err=bool(stopped) and not may_stop)
    if report.why_stopped and not may_stop:
        raise typer.Exit(FAILED)


async def _follow(change: Callable[[Terminal], Awaitable[ChangeReport]]) -> ChangeReport:
    terminal = Terminal()
    try:
        return await change(terminal)
    finally:
        terminal.close()


def _document(report: ChangeReport) -> dict[str, Any]:
    document: dict[str, Any] = {
        "audit": report.audit_id,
        "chosen": report.selected,
        "done": report.done,
        "stopped": report.why_stopped or None,
    }
    if report.canary is not None:
        document["canary"] = asdict(report.canary)
    if report.edited is not None:
        document |= {"edited": report.edited, "not_in_queue": report.not_in_queue}
    return document
