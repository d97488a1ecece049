from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure, Result
from worker.domain.ports.dead_letter_records import DeadLetterRecord

Content = CommandMessage | Failure
"""A message as it was decoded: its command, or why it holds none."""

DeadLetterOf = Callable[[int, Failure], DeadLetterRecord | None]
"""The dead letter of a failed message, by its place in the batch; None if it gets another try."""


def no_dead_letters(_: int, __: Failure) -> None:
    """For batches whose failures leave no record."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The contents of a batch or of a part of it, each with its place in the whole."""

    contents: Sequence[Content]
    places: Sequence[int]
    dead_letter_of: DeadLetterOf

    @property
    def messages(self) -> list[CommandMessage]:
        """Those that hold a command."""
        return [content for content in self.contents if isinstance(content, CommandMessage)]

    def halves(self) -> tuple["Batch", "Batch"]:
        """Its first and its second half."""
        middle = len(self.contents) // 2
        return (
            replace(self, contents=self.contents[:middle], places=self.places[:middle]),
            replace(self, contents=self.contents[middle:], places=self.places[middle:]),
        )

    def results_with(self, decided: Sequence[Result]) -> list[Result]:
        """The results of all, given those of `messages`."""
        remaining = iter(decided)
        return [
            content if isinstance(content, Failure) else next(remaining)
            for content in self.contents
        ]

    def dead_letters(self, results: Sequence[Result]) -> list[DeadLetterRecord]:
        """The records of those that failed for good."""
        letters = (
            self.dead_letter_of(place, result)
            for place, result in zip(self.places, results, strict=True)
            if isinstance(result, Failure)
        )
        return [letter for letter in letters if letter is not None]
