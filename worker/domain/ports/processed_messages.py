from collections.abc import Collection, Mapping
from typing import Protocol

from worker.domain.record import record
from worker.domain.value_objects.message_identity import MessageIdentity


@record
class ProcessedMessage:
    """The record of a handled message, by which a redelivery is found to be a duplicate."""

    identity: MessageIdentity
    type: str
    car_id: str
    outcome: str
    digest: bytes


class ProcessedMessages(Protocol):
    """The ids of handled messages, recorded in the transaction that handles them."""

    async def find(
        self, identities: Collection[MessageIdentity]
    ) -> Mapping[MessageIdentity, bytes]:
        """The messages that are recorded, each with the digest of its command."""
        ...

    async def amend(self, outcomes: Mapping[MessageIdentity, str]) -> None:
        """Writes new outcomes of messages that are recorded; others are left out."""
        ...

    async def add(self, messages: Collection[ProcessedMessage]) -> None:
        """Records messages.

        Raises:
            ConcurrentChangeError: another transaction has recorded one of them.
        """
        ...
