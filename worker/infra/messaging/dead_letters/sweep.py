"""Compares the dead-letter queue with the records of dead letters, and corrects the records."""

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum, auto

from worker.domain.ports.swept_dead_letters import SweptDeadLetters
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.browsing import DEAD_LETTERS, browse, count_dead_letters
from worker.infra.messaging.dead_letters.dead_letter import read_dead_letter
from worker.infra.messaging.dead_letters.errors import QueueMissingError
from worker.infra.messaging.dead_letters.keys import letter_key
from worker.infra.messaging.dead_letters.our_queue import naming_rabbitmq
from worker.infra.messaging.dead_letters.records import to_record


class Look(Enum):
    """When a sweep may look into the queue."""

    NEVER = auto()
    IF_COUNTS_DIFFER = auto()
    ANYWAY = auto()
    """Now and then: a letter that came and one that went make no difference in the counts."""


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep found: letters that had no record, and records whose letters have vanished.

    `worn_out` letters left the queue because the sweep looked at them. `not_looked` says why it
    did not look although it should have, empty if it did.
    """

    added: int = 0
    vanished: int = 0
    worn_out: int = 0
    not_looked: str = ""


FindWear = Callable[[], Awaitable[str | None]]
"""Which policy in force would count a look against the letters, if one can know."""


async def unknown_wear() -> None:
    """Without the management API nobody knows."""


async def sweep(
    url: str,
    records: SweptDeadLetters,
    durations: Durations,
    look: Look = Look.IF_COUNTS_DIFFER,
    find_wear: FindWear = unknown_wear,
) -> SweepReport:
    """Brings the records up to date with the queue.

    To look at a message is a delivery, which RabbitMQ counts: with a policy that sets a
    `delivery-limit`, looking removes it. So it is done rarely.

    Raises:
        NoAnswerError: RabbitMQ is away, or the queue does not answer.
        BrowseLostError: the queue was lost on the way; what was found so far is recorded.
    """
    expected = await records.expected()
    in_queue = await _count(url, durations)
    agrees = expected.least <= in_queue <= expected.most
    if agrees and look is not Look.ANYWAY:
        await records.compared(expected.at)
        return SweepReport()
    if look is Look.NEVER:
        return SweepReport()
    if in_queue and (wear := await find_wear()):
        return SweepReport(not_looked=wear)
    found: Counter[bytes] = Counter()
    added = 0
    if in_queue:
        async with aclosing(_browse(url, durations)) as arrivals:
            async for messages in arrivals:
                found.update(map(letter_key, messages))
                added += await _add_unknown(records, messages)
    await records.found(found, expected.at)
    vanished = 0
    if found.total() >= in_queue:
        vanished = await records.keep_only(found.keys(), expected.at)
        await records.compared(expected.at)
    left = await _count(url, durations) if found else 0
    return SweepReport(added, vanished, max(0, found.total() - left))


async def _count(url: str, durations: Durations) -> int:
    with naming_rabbitmq():
        try:
            return await count_dead_letters(url, durations)
        except QueueMissingError:
            return 0


async def _browse(url: str, durations: Durations) -> AsyncGenerator[list[Message], None]:
    with naming_rabbitmq():
        async with aclosing(browse(url, DEAD_LETTERS, durations)) as arrivals:
            async for messages in arrivals:
                yield messages


async def _add_unknown(records: SweptDeadLetters, messages: Sequence[Message]) -> int:
    by_key = {letter_key(message): message for message in messages}
    unknown = await records.unknown(by_key)
    await records.add(
        [to_record(read_dead_letter(by_key[key])) for key in by_key if key in unknown]
    )
    return len(unknown)
