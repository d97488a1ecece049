from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from worker.domain.value_objects.dead_letter_state import DeadLetterState


@dataclass(frozen=True, slots=True)
class AuditedMessage:
    """A dead letter handled by a command; `sent_as` is the new id if it was edited."""

    source: str
    message_id: str
    code: str
    sent_as: str | None = None


@dataclass(frozen=True, slots=True)
class SettledDeadLetter:
    """What a command has done to the dead letter of this key."""

    key: bytes
    state: DeadLetterState
    message: AuditedMessage


class DeadLetterAudit(Protocol):
    """Records what one command does to the dead letters, while it runs."""

    async def announce(self, letters: Sequence[bytes]) -> None:
        """Records, by their keys, letters that are about to be sent."""
        ...

    async def add(self, letters: Sequence[SettledDeadLetter]) -> None:
        """Records letters, and settles their rows, before they leave the queue."""
        ...
