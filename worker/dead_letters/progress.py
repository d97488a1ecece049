from typing import Protocol


class Progress(Protocol):
    """Follows a change while it runs."""

    def started(self, verb: str, total: int) -> None:
        """The change begins; `verb` is what happens to the dead letters, as in "replayed".

        Until then nothing has changed, and cancelling the operation is safe.
        """
        ...

    def advanced(self, count: int) -> None:
        """So many more are done."""
        ...

    def told(self, step: str) -> None:
        """What is done now besides, as in "looking for them in the queue"; empty for nothing."""
        ...


class Unwatched(Progress):
    """Nobody follows it here."""

    def started(self, verb: str, total: int) -> None:
        """Tells nobody."""

    def advanced(self, count: int) -> None:
        """Tells nobody."""

    def told(self, step: str) -> None:
        """Tells nobody."""
