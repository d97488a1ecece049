"""Dead letters by what went wrong: what an on-call person reads first."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter


@dataclass(slots=True)
class Group:
    """Dead letters of one code and type; attempts and replays are the most that one of them had.

    Holds no bodies, and of each message no more than what tells it from others.
    """

    messages: int = 0
    contents: set[bytes] = field(default_factory=set)
    identities: set[MessageIdentity] = field(default_factory=set)
    oldest: datetime | None = None
    newest: datetime | None = None
    attempts: int = 0
    replays: int = 0
    sample_id: str = ""
    sample_detail: str = ""

    def add(self, letter: DeadLetter) -> None:
        """Counts one more."""
        if not self.messages:
            self.sample_id, self.sample_detail = letter.handle, letter.detail
        self.messages += 1
        self.contents.add(letter.content_key)
        if letter.identity is not None:
            self.identities.add(letter.identity)
        self.attempts = max(self.attempts, letter.history.attempts)
        self.replays = max(self.replays, letter.history.replays)
        if letter.died_at is not None:
            self.oldest = min(self.oldest or letter.died_at, letter.died_at)
            self.newest = max(self.newest or letter.died_at, letter.died_at)

    def count_recorded(self, recorded: Collection[MessageIdentity]) -> int:
        """How many of its messages were handled already, under this id at least."""
        return sum(identity in recorded for identity in self.identities)


class Groups:
    """All groups, by code and type."""

    def __init__(self) -> None:
        self._groups: defaultdict[tuple[str, str], Group] = defaultdict(Group)

    def add(self, letter: DeadLetter) -> None:
        """Counts one more."""
        self._groups[letter.code, letter.type].add(letter)

    @property
    def identities(self) -> set[MessageIdentity]:
        """Of all of them."""
        return {identity for group in self._groups.values() for identity in group.identities}

    def largest_first(self) -> list[tuple[str, str, Group]]:
        """Code, type and group."""
        groups = ((code, type_, group) for (code, type_), group in self._groups.items())
        return sorted(groups, key=lambda row: (-row[2].messages, *row[:2]))
