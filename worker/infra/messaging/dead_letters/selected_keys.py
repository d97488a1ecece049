from collections import Counter
from collections.abc import Iterable


class SelectedKeys:
    """The messages that were selected when the command started, by message key.

    Each is taken as often as it was there: what arrives later, or is seen again, is not taken.
    """

    def __init__(self, keys: Iterable[bytes] = ()) -> None:
        self._left = Counter(keys)
        self._count = self._left.total()

    def __len__(self) -> int:
        return self._count

    def take(self, key: bytes) -> bool:
        """Tells whether such a message is still to be taken, and counts it as taken if so."""
        if not self._left[key]:
            return False
        self._left[key] -= 1
        self._count -= 1
        return True

    @property
    def left(self) -> list[bytes]:
        """The keys of those that are still to be taken, each once."""
        return [key for key, count in self._left.items() if count]

    def put_back(self, key: bytes) -> None:
        """Undoes a `take`."""
        self._left[key] += 1
        self._count += 1
