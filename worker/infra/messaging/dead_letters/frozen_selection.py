"""Notes what a command is about when it starts, so that what arrives later is not touched."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.browsing import Visit
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter, read_dead_letter
from worker.infra.messaging.dead_letters.errors import NothingSelectedError
from worker.infra.messaging.dead_letters.selection import Selection, Selector
from worker.infra.messaging.events.wire_events import EVENT_TYPES, CarCreatedV1


@dataclass(slots=True)
class FrozenSelection:
    """Message keys of the selected dead letters, and how many dead letters there were in all.

    Creations are kept apart: sent first, they are there when the rest asks for their cars.
    """

    creations: list[bytes] = field(default_factory=list)
    others: list[bytes] = field(default_factory=list)
    queue_length: int = 0

    def __len__(self) -> int:
        return len(self.creations) + len(self.others)

    @property
    def keys(self) -> list[bytes]:
        """Creations first."""
        return self.creations + self.others

    def split(self, first: int) -> Iterator[list[bytes]]:
        """The first so many, then the creations among the rest, then the others."""
        yield self.keys[:first]
        yield self.creations[first:]
        yield self.others[max(0, first - len(self.creations)) :]


async def freeze(
    browse: Callable[[Visit], Awaitable[int]],
    selection: Selection,
    on_selected: Callable[[DeadLetter], None] = lambda _: None,
) -> FrozenSelection:
    """Browses once; passes each selected dead letter to `on_selected`.

    Raises:
        NothingSelectedError: none matches, or not each of the ids is there.
    """
    frozen, selector = FrozenSelection(), Selector(selection)

    def visit(message: Message) -> None:
        letter = read_dead_letter(message)
        if selector.takes(letter):
            (frozen.creations if is_creation(letter) else frozen.others).append(letter.key)
            on_selected(letter)

    frozen.queue_length = await browse(visit)
    if selector.missing_ids:
        missing = ", ".join(sorted(selector.missing_ids))
        raise NothingSelectedError(f"no dead letter has the id {missing}; nothing was changed")
    if not len(frozen):
        raise NothingSelectedError(
            f"none of the {frozen.queue_length} dead letters is chosen; nothing was changed"
        )
    return frozen


def is_creation(letter: DeadLetter) -> bool:
    """Tells whether other messages may wait for the car that this one creates."""
    return EVENT_TYPES.get(letter.type) is CarCreatedV1
