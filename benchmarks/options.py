from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """How much to measure."""

    rounds: int
    messages: int
    waiting: int
