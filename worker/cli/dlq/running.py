"""Runs a command that changes the dead letters: progress bar, Ctrl-C, and the report."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from worker.cli.dlq.dead_letters import ask
from worker.cli.failures import FAILED
from worker.cli.output import print_json
from worker.dead_letters.change_report import ChangeReport

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Terminal:
    """A progress bar, and signals that stop a change.

    Before the change has started nothing needs care: a signal ends the process as usual.
    """

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self._bar: Progress | None = None
        self._opened = ExitStack()

    def started(self, verb: str, total: int) -> None:
        """Shows the bar; from now on the first signal asks to stop."""
        console = Console(stderr=True)
        columns = (TextColumn(verb), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._bar = self._opened.enter_context(bar)
        bar.add_task(verb, total=total)
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._ask_to_stop)
            self._opened.callback(loop.remove_signal_handler, number)

    def advanced(self, count: int) -> None:
        """Moves the bar."""
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[0], count)

    def close(self) -> None:
        """Hides the bar and lets signals do as usual."""
        self._opened.close()

    def _ask_to_stop(self) -> None:
        """A second Ctrl-C interrupts."""
        self.stop.set()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)


def run_change(change: Callable[[Terminal], Awaitable[ChangeReport]], *, as_json: bool) -> None:
    """Runs it and reports; a change that stopped before its end exits with 1."""
    report = ask(_follow(change))
    if as_json:
        print_json(_document(report))
    else:
        stopped = f"{report.why_stopped}: " if report.why_stopped else ""
        typer.echo(f"{stopped}{report.summary}", err=bool(stopped))
    if report.why_stopped:
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
