"""Messages that may have killed workers: tried with a count that outlives the process."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b

from worker.application.outcomes import Failure
from worker.domain.ports.delivery_trials import DeliveryTrials
from worker.domain.value_objects.error_code import ErrorCode
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.consuming.observer import Observer
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.consuming.store_retry import StoreRetry

SUSPECT_AFTER = 2
"""Earlier deliveries that make a message a suspect: it may have killed a worker."""

TRIALS = 5
"""How many times a suspect is tried before it is taken for what kills workers."""

TRIALS_TOGETHER = 2
"""How many of these trials it shares with other suspects: nearly all of them are innocent."""

SUSPECTS_TOGETHER = 100
"""How many suspects share a trial: a killed worker leaves its whole prefetch under suspicion."""

Try = Callable[[Sequence[Delivery]], Awaitable[None]]
"""Decodes, applies and settles deliveries."""

GiveUp = Callable[[Received, Failure], Awaitable[bool]]
"""Settles a failed message; tells whether its copy is safe."""


def is_suspect(delivery: Delivery) -> bool:
    """Tells whether a message was delivered so often that it may be what kills workers.

    RabbitMQ 4.0 puts no count on a first delivery: one that is there then is a publisher's.
    """
    count = delivery.message.headers.get("x-delivery-count")
    return delivery.redelivered and isinstance(count, int) and count >= SUSPECT_AFTER


def trial_key(message: Message) -> bytes:
    """What tells a suspect from others, readable without decoding its body."""
    properties = message.properties
    named = (properties.app_id, properties.message_id, properties.message_type)
    digest = blake2b(repr(named).encode(), digest_size=16)
    digest.update(message.body)
    return digest.digest()


class Suspects:
    """Tries suspects together at first, then alone, and gives up those that ended every trial."""

    def __init__(
        self,
        *,
        trials: DeliveryTrials,
        give_up: GiveUp,
        observer: Observer,
        store_retry: StoreRetry,
        finishing: asyncio.Event,
    ) -> None:
        self._trials = trials
        self._settle_failure = give_up
        self._observer = observer
        self._store_retry = store_retry
        self._finishing = finishing

    async def handle(self, suspects: Sequence[Delivery], try_: Try) -> None:
        """Handles them all, unless the worker is told to finish.

        Those with the fewest trials go first: workers that are killed again and again right after
        their start must not strike the same innocent each time.
        """
        begun_before = await self._store_retry.until_done(
            lambda: self._trials.count([trial_key(suspect.message) for suspect in suspects]),
            suspects[-1].subscription,
        )
        if begun_before is None:
            return

        def trials(suspect: Delivery) -> int:
            return begun_before.get(trial_key(suspect.message), 0)

        together = [suspect for suspect in suspects if trials(suspect) < TRIALS_TOGETHER]
        alone = [suspect for suspect in suspects if trials(suspect) >= TRIALS_TOGETHER]
        if together:
            await self._begin(together, try_)
        for suspect in sorted(alone, key=trials):
            if not self._finishing.is_set():
                await self._begin([suspect], try_)

    async def _begin(self, suspects: Sequence[Delivery], try_: Try) -> None:
        """Counts a trial before it begins: if it kills us, the count outlives us."""
        subscription = suspects[-1].subscription
        keys = [trial_key(suspect.message) for suspect in suspects]
        trials = await self._store_retry.until_done(lambda: self._trials.begin(keys), subscription)
        if trials is None:
            return
        tried, ended = [], []
        for suspect, key in zip(suspects, keys, strict=True):
            if trials[key] <= TRIALS:
                tried.append((suspect, key))
            elif await self._give_up(suspect):
                ended.append(key)
        if tried:
            await try_([suspect for suspect, _ in tried])
        # We are alive: whatever else became of the messages, this trial did not kill us.
        ended += [key for _, key in tried]
        await self._store_retry.until_done(
            lambda: self._trials.end(ended), subscription, even_if_lost=True
        )

    async def _give_up(self, suspect: Delivery) -> bool:
        """Tells whether it is safe among the dead letters."""
        failure = Failure(
            ErrorCode.REDELIVERED_TOO_OFTEN,
            f"begun {TRIALS} times, at last alone, and each time the worker ended before it was "
            "done",
        )
        given_up = Received(suspect, failure)
        if not await self._settle_failure(given_up, failure):
            return False
        self._observer.suspect_given_up(given_up.type, failure)
        return True
