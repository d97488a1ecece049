"""Notes what a command is about when it starts, so that what arrives later is not touched."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from worker.infra.messaging.dead_letters.choice import Choice, Selection
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter, read_dead_letter
from worker.infra.messaging.dead_letters.errors import NothingChosenError
from worker.infra.messaging.dead_letters.look import Look
from worker.infra.messaging.delivery import Delivery
from worker.infra.messaging.wire_events import EVENT_TYPES, CarCreatedV1


@dataclass(slots=True)
class Frozen:
    """Fingerprints of the chosen messages, and how many lay there in all.

    Creations stand apart: sent first, they are there when the rest asks for their cars.
    """

    creations: list[bytes] = field(default_factory=list)
    others: list[bytes] = field(default_factory=list)
    lying_there: int = 0

    def __len__(self) -> int:
        return len(self.creations) + len(self.others)

    def split(self, first: int) -> Iterator[list[bytes]]:
        """The first so many, then the creations among the rest, then the others."""
        yield (self.creations + self.others)[:first]
        yield self.creations[first:]
        yield self.others[max(0, first - len(self.creations)) :]


async def freeze(
    look_at: Callable[[Look], Awaitable[int]],
    choice: Choice,
    on_chosen: Callable[[DeadLetter], None] = lambda _: None,
) -> Frozen:
    """Looks at all messages once; shows those that are chosen.

    Raises:
        NothingChosenError: none is, or not each of the ids is there.
    """
    frozen, selection = Frozen(), Selection(choice)

    def look(delivery: Delivery) -> None:
        letter = read_dead_letter(delivery)
        if selection.takes(letter):
            (frozen.creations if is_creation(letter) else frozen.others).append(letter.fingerprint)
            on_chosen(letter)

    frozen.lying_there = await look_at(look)
    if selection.missing_ids:
        missing = ", ".join(sorted(selection.missing_ids))
        raise NothingChosenError(f"no dead letter has the id {missing}; nothing was changed")
    if not len(frozen):
        raise NothingChosenError(
            f"none of the {frozen.lying_there} dead letters is chosen; nothing was changed"
        )
    return frozen


def is_creation(letter: DeadLetter) -> bool:
    """Tells whether other messages may wait for the car that this one creates."""
    return EVENT_TYPES.get(letter.type) is CarCreatedV1
