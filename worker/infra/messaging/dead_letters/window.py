from collections import deque

from worker.infra.messaging.dead_letters.dead_letter import DeadLetter, read_dead_letter
from worker.infra.messaging.dead_letters.held_channel import HeldMessage
from worker.infra.messaging.dead_letters.keys import letter_key
from worker.infra.messaging.dead_letters.selected_keys import SelectedKeys

LARGEST_BYTES = 32 * 1024 * 1024


class Window:
    """The selected among the messages that are held, with their bodies, until they are handled.

    What does not fit is set aside: it goes back to the queue with the rest, and comes again.
    """

    def __init__(self, selected: SelectedKeys) -> None:
        self._selected = selected
        self._waiting: deque[tuple[DeadLetter, HeldMessage]] = deque()
        self._bytes = 0
        self._is_closed = False
        self.set_aside = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, held: HeldMessage) -> None:
        """Keeps a message if it is selected and fits."""
        if self._is_closed:
            return
        key, size = letter_key(held.message), len(held.message.body)
        if not self._selected.take(key):
            return
        if self._waiting and self._bytes + size > LARGEST_BYTES:
            self._selected.put_back(key)
            self.set_aside += 1
        else:
            self._waiting.append((read_dead_letter(held.message), held))
            self._bytes += size

    def next(self, count: int) -> dict[DeadLetter, HeldMessage]:
        """Hands out the oldest, at most so many."""
        taken = [self._waiting.popleft() for _ in range(min(count, len(self._waiting)))]
        self._bytes -= sum(len(held.message.body) for _, held in taken)
        return dict(taken)

    def close(self) -> None:
        """Leaves what was not handed out for another time, and what still arrives as well."""
        self._is_closed = True
        for letter, _ in self._waiting:
            self._selected.put_back(letter.key)
        self._waiting.clear()
