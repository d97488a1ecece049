"""Deals with chosen dead letters in windows, each shorter than any consumer timeout."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress

from worker.infra.messaging.dead_letters.browsing import DEAD_LETTERS, HELD_BY_ONE_CHANNEL
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.held_messages import HeldMessages, hold
from worker.infra.messaging.dead_letters.rate_limit import RateLimit
from worker.infra.messaging.dead_letters.selection import SelectedKeys
from worker.infra.messaging.dead_letters.window import Window

WINDOW_SECONDS = 20.0
"""How long messages are held at most; brokers take them back after 30 minutes, or one."""

LONGEST_WINDOW_SECONDS = 600.0
FIRST_PREFETCH = 500
LOOK_AGAIN_SECONDS = 2.0
GONE_AFTER = 3
"""So many windows that found nothing in a row mean that the rest is no longer there."""

Acknowledge = Callable[[Sequence[DeadLetter]], Awaitable[None]]
Handle = Callable[[Sequence[DeadLetter], Acknowledge], Awaitable[None]]
"""Deals with a few messages; only those that are acknowledged leave the queue."""

Turn = Callable[[], AbstractAsyncContextManager[None]]
"""Nobody else of us looks at the queue meanwhile."""


class SelectiveDrain:
    """Goes through the queue as often as it takes.

    The messages that are not chosen are held while the search goes on behind them: given back,
    they would be delivered again at once.
    """

    def __init__(self, url: str, turn: Turn, pace: RateLimit, stop: asyncio.Event) -> None:
        self._url = url
        self._turn = turn
        self._pace = pace
        self._stop = stop

    async def run(self, chosen: SelectedKeys, handle: Handle) -> None:
        """Returns when all are dealt with, the rest is gone, or it was told to stop."""
        window_seconds, found_nothing = WINDOW_SECONDS, 0
        while len(chosen) and found_nothing < GONE_AFTER and not self._stop.is_set():
            left = len(chosen)
            saw_all = await self._window(chosen, handle, window_seconds)
            if len(chosen) < left:
                window_seconds, found_nothing = WINDOW_SECONDS, 0
                await self._pause(self._pace.delay())
            elif saw_all:
                found_nothing += 1
                await self._pause(LOOK_AGAIN_SECONDS)
            else:
                window_seconds = min(window_seconds * 2, LONGEST_WINDOW_SECONDS)

    async def _window(self, chosen: SelectedKeys, handle: Handle, seconds: float) -> bool:
        """Tells whether every message was seen."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        window = Window(chosen)
        async with self._turn(), hold(self._url, DEAD_LETTERS, window.take) as holding:
            prefetch = self._first_prefetch(len(chosen))
            try:
                while (len(window) or len(chosen)) and loop.time() + self._pace.delay() < deadline:
                    if self._stop.is_set() or (window.set_aside and not len(window)):
                        return False
                    if len(window):
                        await self._deal(window, handle, holding)
                    elif holding.is_full:
                        await holding.widen(prefetch)
                        prefetch = min(prefetch * 2, HELD_BY_ONE_CHANNEL)
                    elif not await holding.comes_more():
                        return True
            finally:
                window.close()
        return False

    async def _deal(self, window: Window, handle: Handle, holding: HeldMessages) -> None:
        await self._pause(self._pace.delay())
        if self._stop.is_set():
            return
        held = window.next(self._pace.batch_size)

        async def acknowledge(done: Sequence[DeadLetter]) -> None:
            await holding.acknowledge([held[letter] for letter in done])

        await handle(list(held), acknowledge)
        self._pace.spend(len(held))

    def _first_prefetch(self, chosen: int) -> int:
        return max(1, int(min(FIRST_PREFETCH, chosen, self._pace.messages_in(WINDOW_SECONDS))))

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()
