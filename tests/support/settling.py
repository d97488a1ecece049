"""Fakes around a `Settler`, to test it without a broker."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pamqp.commands import Basic

from worker.application.outcomes import Failure, Result
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.fleet import Pause
from worker.infra.messaging.amqp.confirming_publisher import (
    BrokerUnavailableError,
    ConfirmingPublisher,
    UnpublishableError,
)
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.consuming.observer import Consuming


class RecordingChannel:
    def __init__(self, *, is_lost: bool = False) -> None:
        self.is_lost = is_lost
        self.said: list[tuple[str, int]] = []
        self._more = asyncio.Event()

    async def settled(self, count: int) -> None:
        """Returns once this many deliveries are settled."""
        while len(self.said) < count:
            self._more.clear()
            await self._more.wait()

    async def acknowledge(self, tags: list[int]) -> None:
        self.said += [("ack", tag) for tag in tags]
        self._more.set()

    async def give_back(self, tag: int) -> None:
        self.said.append(("give back", tag))

    async def reject(self, tag: int) -> None:
        self.said.append(("reject", tag))

    def give_up(self, reason: str) -> None:
        raise AssertionError(reason)


def delivery_of(
    tag: int, channel: RecordingChannel, message_id: str | None = None, **properties: Any
) -> Delivery:
    """An event of a publisher, in our hands."""
    message = Message(
        b"{}", Basic.Properties(message_id=message_id, **properties), "inventory.events", "k"
    )
    return Delivery(message, tag, channel)


class LosableChannel(RecordingChannel):
    """Is lost once it was given up, and keeps why."""

    def __init__(self) -> None:
        super().__init__()
        self.given_up: list[str] = []

    def give_up(self, reason: str) -> None:
        self.given_up.append(reason)
        self.is_lost = True


class ScriptedPublisher(ConfirmingPublisher):
    """Handles each message as scripted for its id, and confirms all others."""

    def __init__(self, channel: RecordingChannel) -> None:
        super().__init__(
            lambda: "amqp://nowhere", exchange="", name="", durations=DEFAULT_DURATIONS
        )
        self._settled_by = channel
        self.copies: list[str] = []

    async def publish(self, body: bytes, properties: Basic.Properties, routing_key: str) -> None:
        del body
        match properties.message_id:
            case "hangs":
                await asyncio.Event().wait()
            case "unpublishable":
                raise UnpublishableError("too odd")
            case "lost meanwhile":
                self._settled_by.is_lost = True
                raise BrokerUnavailableError("away")
        self.copies.append(routing_key)


class Silent:
    def consuming(self, subscription: Consuming | None) -> None: ...
    def waiting(self, problem: str) -> None: ...
    def paused(self, pause: Pause | None) -> None: ...
    def batch_settled(self, results: Sequence[tuple[str, Result]], seconds: float) -> None: ...
    def suspect_given_up(self, type_: str, failure: Failure) -> None: ...
    def batch_lagged(self, occurred: datetime | None, published: datetime | None) -> None: ...
    def republished(self, failure: Failure, queue: str) -> None: ...
    def store_refused(self, problem: str) -> None: ...
    def store_took_work(self) -> None: ...
    def wedged(self, kind: str) -> None: ...
    def holding(self, problem: str | None) -> None: ...


class Listening(Silent):
    """Keeps what the observer is told."""

    def __init__(self) -> None:
        self.store_problems: list[str | None] = []
        self.holding_because: list[str | None] = []
        self.waited_for: list[str] = []
        self.pauses: list[Pause | None] = []
        """Each that was told after another."""
        self.paused_once = asyncio.Event()
        self.subscriptions: list[Consuming | None] = []
        self.settled: list[tuple[list[tuple[str, Result]], float]] = []
        self.lags: list[tuple[datetime | None, datetime | None]] = []
        self.given_up: list[tuple[str, Failure]] = []
        self.moved: list[tuple[Failure, str]] = []

    def consuming(self, subscription: Consuming | None) -> None:
        self.subscriptions.append(subscription)

    def paused(self, pause: Pause | None) -> None:
        if pause != (self.pauses[-1] if self.pauses else None):
            self.pauses.append(pause)
            self.paused_once.set()

    def waiting(self, problem: str) -> None:
        self.waited_for.append(problem)

    def batch_settled(self, results: Sequence[tuple[str, Result]], seconds: float) -> None:
        self.settled.append((list(results), seconds))

    def suspect_given_up(self, type_: str, failure: Failure) -> None:
        self.given_up.append((type_, failure))

    def batch_lagged(self, occurred: datetime | None, published: datetime | None) -> None:
        self.lags.append((occurred, published))

    def republished(self, failure: Failure, queue: str) -> None:
        self.moved.append((failure, queue))

    def store_refused(self, problem: str) -> None:
        self.store_problems.append(problem)

    def store_took_work(self) -> None:
        self.store_problems.append(None)

    def holding(self, problem: str | None) -> None:
        self.holding_because.append(problem)
