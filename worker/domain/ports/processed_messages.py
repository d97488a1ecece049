from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from worker.domain.value_objects.message_identity import MessageIdentity


@dataclass(frozen=True, slots=True)
class ProcessedMessage:
    """The record of a message that is done: redelivery will find it and change nothing."""

    identity: MessageIdentity
    type: str
    car_id: str
    outcome: str
    digest: bytes


class ProcessedMessages(Protocol):
    """The ids of the messages that were handled, inside the transaction that handled them."""

    async def find(
        self, identities: Collection[MessageIdentity]
    ) -> Mapping[MessageIdentity, bytes]:
        """Those of the messages that are recorded, each with the digest of its command."""
        ...

    async def add(self, messages: Collection[ProcessedMessage]) -> None:
        """Records messages.

        Raises:
            ConcurrentChangeError: another transaction recorded one of them meanwhile.
        """
        ...
