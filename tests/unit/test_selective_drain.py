import asyncio
from contextlib import nullcontext

import pytest

from worker.infra.durations import Durations
from worker.infra.messaging.dead_letters.errors import BrowseLostError
from worker.infra.messaging.dead_letters.held_messages import HeldMessages
from worker.infra.messaging.dead_letters.rate_limit import RateLimit
from worker.infra.messaging.dead_letters.selected_keys import SelectedKeys
from worker.infra.messaging.dead_letters.selective_drain import Handle, SelectiveDrain

DURATIONS = Durations(window=1, longest_window=5, drain_pause=0.001)


async def handle(*_: object) -> None: ...


class Drain(SelectiveDrain):
    """Windows as they are scripted: how many each one takes, and whether it saw all."""

    def __init__(self, *windows: tuple[int, bool], rate: float | None = None) -> None:
        self.stop = asyncio.Event()
        super().__init__("amqp://nowhere", nullcontext, RateLimit(rate), self.stop, DURATIONS)
        self._windows = list(windows)
        self.seconds: list[float] = []

    async def _run_window(self, selected: SelectedKeys, handle: Handle, seconds: float) -> bool:
        del handle
        self.seconds.append(seconds)
        took, saw_all = self._windows.pop(0)
        for _ in range(took):
            selected.take(b"key")
        return saw_all


async def test_a_drain_ends_once_all_selected_ones_are_taken() -> None:
    drain, selected = Drain((2, False), (1, True)), SelectedKeys([b"key"] * 3)

    await drain.run(selected, handle)

    assert (len(selected), len(drain.seconds)) == (0, 2)


async def test_three_whole_passes_in_a_row_that_find_nothing_are_enough() -> None:
    drain = Drain((0, True), (0, True), (1, True), (0, True), (0, True), (0, True))

    await drain.run(SelectedKeys([b"key"] * 9), handle)

    assert len(drain.seconds) == 6


async def test_a_window_that_does_not_reach_the_selected_ones_doubles_up_to_the_longest() -> None:
    drain = Drain((0, False), (0, False), (0, False), (0, False), (1, False), (1, False))

    await drain.run(SelectedKeys([b"key"] * 2), handle)

    assert drain.seconds == [1, 2, 4, 5, 5, 1]


async def test_a_drain_that_is_told_to_stop_opens_no_window() -> None:
    drain = Drain()
    drain.stop.set()

    await drain.run(SelectedKeys([b"key"]), handle)

    assert drain.seconds == []


@pytest.mark.parametrize(
    ("rate", "selected", "prefetch"),
    [(None, 10_000, 500), (None, 20, 20), (50, 10_000, 50), (0.1, 10_000, 1)],
)
def test_the_first_prefetch_is_no_more_than_a_window_can_handle(
    rate: float | None, selected: int, prefetch: int
) -> None:
    assert Drain(rate=rate)._first_prefetch(selected) == prefetch  # noqa: SLF001 - pure, and what matters


class Held(HeldMessages):
    """Asks no broker whether anything is left."""

    def __init__(self, *ready: int) -> None:
        durations = Durations(browse_silence=0.001, browse_stalled=0.02)
        super().__init__(None, "queue", lambda _: None, durations)  # type: ignore[arg-type] # no broker
        self._ready = list(ready)
        self.asked = 0

    async def count_ready(self) -> int:
        self.asked += 1
        return self._ready.pop(0) if self._ready else 0


async def test_five_silences_with_nothing_left_are_the_end() -> None:
    held = Held(0, 0, 7)

    assert not await held.comes_more()

    assert held.asked == 8


async def test_a_broker_that_has_messages_and_delivers_none_is_not_well() -> None:
    with pytest.raises(BrowseLostError, match="RabbitMQ has delivered nothing for 0 s"):
        await Held(*[1] * 99).comes_more()
