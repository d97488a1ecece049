from collections import deque

from worker.infra.messaging.dead_letters.choice import FrozenChoice
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter, read_dead_letter
from worker.infra.messaging.dead_letters.fingerprint import fingerprint
from worker.infra.messaging.delivery import Delivery

LARGEST_BYTES = 32 * 1024 * 1024


class Hand:
    """The chosen among the messages that are held: those to be dealt with next, with their bodies.

    What does not fit is set aside: it goes back with the rest, and comes again.
    """

    def __init__(self, chosen: FrozenChoice) -> None:
        self._chosen = chosen
        self._letters: deque[DeadLetter] = deque()
        self._bytes = 0
        self._is_closed = False
        self.set_aside = 0

    def __len__(self) -> int:
        return len(self._letters)

    def take(self, delivery: Delivery) -> None:
        """Keeps a message if it is chosen and fits."""
        if self._is_closed:
            return
        mark = fingerprint(delivery)
        if not self._chosen.take(mark):
            return
        if self._letters and self._bytes + len(delivery.body) > LARGEST_BYTES:
            self._chosen.put_back(mark)
            self.set_aside += 1
        else:
            self._letters.append(read_dead_letter(delivery))
            self._bytes += len(delivery.body)

    def next(self, count: int) -> list[DeadLetter]:
        """Hands out the oldest, at most so many."""
        taken = [self._letters.popleft() for _ in range(min(count, len(self._letters)))]
        self._bytes -= sum(len(letter.delivery.body) for letter in taken)
        return taken

    def close(self) -> None:
        """Leaves what was not handed out for another time, and what still arrives as well."""
        self._is_closed = True
        for letter in self._letters:
            self._chosen.put_back(letter.fingerprint)
        self._letters.clear()
