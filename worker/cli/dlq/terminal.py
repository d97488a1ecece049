"""A progress bar, and what Ctrl-C means while something changes."""

import asyncio
import signal
import sys
from contextlib import ExitStack

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Terminal:
    """A progress bar, and signals that stop a change.

    Before the change has started nothing needs care: a signal ends the process as usual. A job goes
    on without this process, so that on a terminal Ctrl-C asks whether to cancel it: `stop` is set
    then, else `leave`.
    """

    def __init__(self, job_id: int | None = None) -> None:
        self.stop = asyncio.Event()
        self.leave = asyncio.Event()
        self._job_id = job_id
        self._bar: Progress | None = None
        self._verb = ""
        self._opened = ExitStack()
        self._asks = False

    def started(self, verb: str, total: int) -> None:
        """Shows the bar; from now on the first signal asks to stop."""
        console = Console(stderr=True)
        self._verb = verb
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._bar = self._opened.enter_context(bar)
        bar.add_task(verb, total=total)
        can_answer = console.is_terminal and sys.stdin.isatty()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop)
        may_ask = self._job_id is not None and can_answer
        loop.add_signal_handler(signal.SIGINT, self._ask if may_ask else self._stop)
        for number in _SIGNALS:
            self._opened.callback(loop.remove_signal_handler, number)

    def advanced(self, count: int) -> None:
        """Moves the bar."""
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[0], count)

    def told(self, step: str) -> None:
        """Says so before the bar."""
        if self._bar is not None:
            told = f"{self._verb}, {step}" if step else self._verb
            self._bar.update(self._bar.task_ids[0], description=told)

    def close(self) -> None:
        """Hides the bar and lets signals do as usual."""
        self._end_question()
        self._opened.close()

    def _stop(self) -> None:
        """A second Ctrl-C interrupts."""
        self.stop.set()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)

    def _ask(self) -> None:
        """The job goes on meanwhile; a second Ctrl-C is no answer, and leaves it alone."""
        if self._asks:
            self._end_question()
            self.leave.set()
            return
        self._asks = True
        if self._bar is not None:
            self._bar.stop()
        typer.echo(f"\nCancel job {self._job_id}? [y/N] ", nl=False, err=True)
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._answer)

    def _answer(self) -> None:
        answer = sys.stdin.readline().strip().lower()
        self._end_question()
        if answer not in {"y", "yes"}:
            self.leave.set()
            return
        if self._bar is not None:
            self._bar.start()
        self._stop()

    def _end_question(self) -> None:
        if self._asks:
            self._asks = False
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
