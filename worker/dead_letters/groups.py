from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from worker.dead_letters.session import DeadLetterSession
from worker.infra.db.repositories.recorded_messages import PostgresRecordedMessages
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.dead_letter import read_dead_letter
from worker.infra.messaging.dead_letters.groups import Groups
from worker.infra.messaging.dead_letters.selection import Selection, Selector


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """The dead letters of one code and type.

    `distinct` counts contents, `recorded` the ids that were handled already. `attempts` and
    `replays` are the most that one of them had.
    """

    code: str
    type: str
    messages: int
    distinct: int
    recorded: int
    oldest: datetime | None
    newest: datetime | None
    attempts: int
    replays: int
    sample_id: str
    sample_detail: str


@dataclass(frozen=True, slots=True)
class GroupListing:
    """The groups of the selected dead letters, largest first, and how many there are in all."""

    groups: Sequence[GroupSummary]
    total: int


async def list_groups(session: DeadLetterSession, selection: Selection) -> GroupListing:
    """Browses once."""
    groups, selector = Groups(), Selector(selection)

    def visit(message: Message) -> None:
        letter = read_dead_letter(message)
        if selector.takes(letter):
            groups.add(letter)

    total = await session.browse(visit)
    recorded = await PostgresRecordedMessages(session.sessions).find(groups.identities)
    return GroupListing(
        [
            GroupSummary(
                code,
                type_,
                messages=group.messages,
                distinct=len(group.contents),
                recorded=group.count_recorded(recorded),
                oldest=group.oldest,
                newest=group.newest,
                attempts=group.attempts,
                replays=group.replays,
                sample_id=group.sample_id,
                sample_detail=group.sample_detail,
            )
            for code, type_, group in groups.largest_first()
        ],
        total,
    )
