"""Suspects: messages that may kill workers, with a count of trials that outlives the process."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b

from worker.application.outcomes import Failure
from worker.domain.error_code import ErrorCode
from worker.domain.ports.delivery_trials import DeliveryTrials
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.consuming.observer import Observer
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.consuming.store_retry import StoreRetry

SUSPECT_AFTER = 2
"""Number of earlier deliveries that makes a message a suspect."""

TRIALS = 5
"""Number of trials after which a suspect counts as the cause of the crashes."""

TRIALS_TOGETHER = 2
"""Number of these trials shared with other suspects, because nearly all are innocent."""

SUSPECTS_TOGETHER = 100
"""Maximum number of suspects per trial: a killed worker's whole prefetch becomes suspect."""

Try = Callable[[Sequence[Delivery]], Awaitable[None]]
"""Decodes, applies and settles deliveries."""

GiveUp = Callable[[Received, Failure], Awaitable[bool]]
"""Settles a failed message; returns whether its copy is confirmed."""


def is_suspect(delivery: Delivery) -> bool:
    """Whether a message was delivered so often that it may be what kills workers.

    RabbitMQ 4.0 sets no count on a first delivery: a count found there was set by a publisher.
    """
    count = delivery.message.headers.get("x-delivery-count")
    return delivery.redelivered and isinstance(count, int) and count >= SUSPECT_AFTER


def trial_key(message: Message) -> bytes:
    """Identifies a suspect without decoding its body."""
    properties = message.properties
    named = (properties.app_id, properties.message_id, properties.message_type)
    digest = blake2b(repr(named).encode(), digest_size=16)
    digest.update(message.body)
    return digest.digest()


class Suspects:
    """Tries suspects together first, then alone; gives up those whose trials never ended."""

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
        """Handles all suspects, unless the worker is finishing.

        Those with the fewest trials go first, so that workers killed repeatedly right after their
        start do not blame the same innocent message each time.
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
        """Counts a trial before it begins, so that the count survives a crash."""
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
        # Whatever the results, this trial did not kill the worker.
        ended += [key for _, key in tried]
        await self._store_retry.until_done(
            lambda: self._trials.end(ended), subscription, even_if_lost=True
        )

    async def _give_up(self, suspect: Delivery) -> bool:
        """Moves a suspect to the dead letters; returns whether its copy is confirmed."""
        failure = Failure(
            ErrorCode.REDELIVERED_TOO_OFTEN,
            f"tried {TRIALS} times, finally alone, and the worker died before each trial ended",
        )
        given_up = Received(suspect, failure)
        if not await self._settle_failure(given_up, failure):
            return False
        self._observer.suspect_given_up(given_up.type, failure)
        return True
