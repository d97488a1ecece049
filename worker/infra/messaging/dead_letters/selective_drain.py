"""Takes selected dead letters out of the queue in windows, each shorter than consumer timeouts."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress

from worker.infra.durations import Durations
from worker.infra.messaging.dead_letters.browsing import DEAD_LETTERS, HELD_BY_ONE_CHANNEL
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.held_messages import HeldMessages, hold
from worker.infra.messaging.dead_letters.rate_limit import RateLimit
from worker.infra.messaging.dead_letters.selected_keys import SelectedKeys
from worker.infra.messaging.dead_letters.window import Window

FIRST_PREFETCH = 500
GONE_AFTER = 3
"""So many windows that found nothing in a row mean that the rest is no longer there."""

Acknowledge = Callable[[Sequence[DeadLetter]], Awaitable[None]]
Handle = Callable[[Sequence[DeadLetter], Acknowledge], Awaitable[None]]
"""Handles a few messages; only those that are acknowledged leave the queue."""

Turn = Callable[[], AbstractAsyncContextManager[None]]
"""None of our other commands browses the queue meanwhile."""


class SelectiveDrain:
    """Goes through the queue as often as it takes.

    The messages that are not selected are held while the search goes on behind them: given back,
    they would be delivered again at once.
    """

    def __init__(
        self,
        url: str,
        turn: Turn,
        rate_limit: RateLimit,
        stop: asyncio.Event,
        durations: Durations,
    ) -> None:
        self._url = url
        self._turn = turn
        self._rate_limit = rate_limit
        self._stop = stop
        self._durations = durations

    async def run(self, selected: SelectedKeys, handle: Handle) -> None:
        """Returns when all are handled, the rest is gone, or `stop` is set."""
        seconds, found_nothing = self._durations.window, 0
        while len(selected) and found_nothing < GONE_AFTER and not self._stop.is_set():
            left = len(selected)
            saw_all = await self._run_window(selected, handle, seconds)
            if len(selected) < left:
                seconds, found_nothing = self._durations.window, 0
                await self._pause(self._rate_limit.delay())
            elif saw_all:
                found_nothing += 1
                await self._pause(self._durations.drain_pause)
            else:
                seconds = min(seconds * 2, self._durations.longest_window)

    async def _run_window(self, selected: SelectedKeys, handle: Handle, seconds: float) -> bool:
        """Tells whether every message was seen."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        window = Window(selected)
        async with (
            self._turn(),
            hold(self._url, DEAD_LETTERS, window.take, self._durations) as held,
        ):
            prefetch = self._first_prefetch(len(selected))
            try:
                while (len(window) or len(selected)) and (
                    loop.time() + self._rate_limit.delay() < deadline
                ):
                    if self._stop.is_set() or (window.set_aside and not len(window)):
                        return False
                    if len(window):
                        await self._handle_next(window, handle, held)
                    elif held.is_full:
                        await held.widen(prefetch)
                        prefetch = min(prefetch * 2, HELD_BY_ONE_CHANNEL)
                    elif not await held.comes_more():
                        return True
            finally:
                window.close()
        return False

    async def _handle_next(self, window: Window, handle: Handle, held: HeldMessages) -> None:
        await self._pause(self._rate_limit.delay())
        if self._stop.is_set():
            return
        held.check_alive()  # else it would be handled here, and again by who holds it next
        batch = window.next(self._rate_limit.batch_size)

        async def acknowledge(handled: Sequence[DeadLetter]) -> None:
            await held.acknowledge([batch[letter] for letter in handled])

        await handle(list(batch), acknowledge)
        self._rate_limit.spend(len(batch))

    def _first_prefetch(self, selected: int) -> int:
        in_a_window = self._rate_limit.messages_in(self._durations.window)
        return max(1, int(min(FIRST_PREFETCH, selected, in_a_window)))

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()
