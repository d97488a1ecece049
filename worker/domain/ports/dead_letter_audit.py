from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AuditedMessage:
    """A dead letter that a command dealt with; `sent_as` is the id of an edit, if it was edited."""

    source: str
    message_id: str
    code: str
    sent_as: str | None = None


class DeadLetterAudit(Protocol):
    """What one command does to the dead letters, written down as it goes."""

    async def add(self, messages: Sequence[AuditedMessage]) -> None:
        """Notes messages, before they leave the queue."""
        ...
