from typing import NamedTuple


class Ack(NamedTuple):
    """One acknowledgement; `multiple` covers every delivery up to the tag."""

    tag: int
    multiple: bool


class TagLedger:
    """Tracks which deliveries of a channel are settled; tags count from 1 without gaps.

    An ack with `multiple` covers only tags up to which everything is settled, and its tag must
    be one that is not acknowledged yet: otherwise the broker closes the channel.
    """

    def __init__(self) -> None:
        self._all_settled_up_to = 0
        self._settled: set[int] = set()
        self._waiting_for_ack: set[int] = set()

    def settle(self, tag: int) -> None:
        """Marks a delivery as done and to be acknowledged."""
        self._settled.add(tag)
        self._waiting_for_ack.add(tag)

    def settle_without_ack(self, tag: int) -> None:
        """Marks a delivery as requeued or rejected."""
        self._settled.add(tag)

    @property
    def settled_count(self) -> int:
        """Number of deliveries settled so far."""
        return self._all_settled_up_to + len(self._settled)

    def take_acks(self) -> list[Ack]:
        """The fewest acks that cover all settled deliveries not acknowledged yet."""
        last_waiting = self._advance()
        acks = [Ack(last_waiting, multiple=True)] if last_waiting else []
        acks.extend(Ack(tag, multiple=False) for tag in sorted(self._waiting_for_ack))
        self._waiting_for_ack.clear()
        return acks

    def _advance(self) -> int:
        """Advances to the first gap; returns the highest passed tag that needs an ack."""
        last_waiting = 0
        while (tag := self._all_settled_up_to + 1) in self._settled:
            self._settled.remove(tag)
            if tag in self._waiting_for_ack:
                self._waiting_for_ack.remove(tag)
                last_waiting = tag
            self._all_settled_up_to = tag
        return last_waiting
