from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AuditedMessage:
    """A dead letter handled by a command; `sent_as` is the new id if it was edited."""

    source: str
    message_id: str
    code: str
    sent_as: str | None = None


class DeadLetterAudit(Protocol):
    """Records what one command does to the dead letters, while it runs."""

    async def add(self, messages: Sequence[AuditedMessage]) -> None:
        """Records messages before they leave the queue."""
        ...
