from enum import StrEnum


class DeadLetterState(StrEnum):
    """What became of a dead letter: the first two wait for an operator, the others are settled."""

    DEAD = "dead"
    """It is in the dead-letter queue, or on its way there."""
    VANISHED = "vanished"
    """It left the queue without us, by a policy or a purge; it can be replayed all the same."""
    REPLAYED = "replayed"
    DISCARDED = "discarded"
    REPLACED = "replaced"
    """An edit was sent in its place, or another letter of the same content stands for it."""
    APPLIED = "applied"
    """Its message was applied after all: the worker died before the copy was in the queue."""


OPEN = (DeadLetterState.DEAD, DeadLetterState.VANISHED)
"""The states that wait for an operator."""
