"""Maps the result of each message to an action, and performs it."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial

import structlog
from typing_extensions import override

from worker.application.outcomes import Failure, Outcome, Result
from worker.domain.ports.dead_letter_records import DeadLetterRecord
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.confirming_publisher import (
    BrokerUnavailableError,
    ConfirmingPublisher,
    UnpublishableError,
    UnroutableError,
)
from worker.infra.messaging.amqp.connection import in_brief
from worker.infra.messaging.amqp.delivery import Delivery, SettlesDeliveries
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.amqp.trace_parent import read_trace_id
from worker.infra.messaging.consuming.backoff import Backoff
from worker.infra.messaging.consuming.batch_handler import Settles
from worker.infra.messaging.consuming.bug_log import BugLog
from worker.infra.messaging.consuming.next_copy import NextCopy, next_copy
from worker.infra.messaging.consuming.observer import Observer
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.dead_letters.dead_letter import read_dead_letter
from worker.infra.messaging.dead_letters.records import to_record
from worker.infra.messaging.retry_delays import RetryDelay

_log = structlog.get_logger(__name__)


class Settler(Settles):
    """Acknowledges handled messages and republishes failed ones, both in the background.

    So the next batch begins at once, and its first statements run meanwhile.
    """

    def __init__(
        self,
        republisher: ConfirmingPublisher,
        delays: Sequence[RetryDelay],
        observer: Observer,
        clock: Callable[[], datetime],
        durations: Durations,
    ) -> None:
        self._republisher = republisher
        self._delays = delays
        self._observer = observer
        self._clock = clock
        self._durations = durations
        self._under_way: set[asyncio.Task[object]] = set()
        self._bugs = BugLog(durations)

    @override
    def settle(self, settled: Sequence[tuple[Received, Result]]) -> None:
        """Starts acknowledgements and copies; `finish` waits for them."""
        done: dict[int, tuple[Delivery, list[int]]] = {}
        for received, result in settled:
            delivery = received.delivery
            match result:
                case Outcome():
                    subscription_id = id(delivery.subscription)
                    done.setdefault(subscription_id, (delivery, []))[1].append(delivery.tag)
                case Failure():
                    self._start(self._republish(received, result), delivery.subscription)
        for delivery, tags in done.values():
            self._start(delivery.subscription.acknowledge(tags), delivery.subscription)

    @override
    async def settle_failure(self, received: Received, failure: Failure) -> bool:
        """Settles one failed message; returns whether its copy is confirmed."""
        return await self._republish(received, failure)

    def dead_letter_of(self, received: Received, failure: Failure) -> DeadLetterRecord | None:
        """Prepares the next copy of a failed message; its record, if that is a dead letter."""
        copy = received.next_copy = self._copy(received, failure)
        if not copy.is_dead:
            return None
        return to_record(read_dead_letter(copy.message), redelivered=received.delivery.redelivered)

    async def finish(self) -> None:
        """Waits for what is not acknowledged or confirmed yet."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _copy(self, received: Received, failure: Failure) -> NextCopy:
        return next_copy(received.delivery.message, failure, self._delays, self._clock())

    def _start(self, work: Coroutine[None, None, object], subscription: SettlesDeliveries) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(partial(self._on_end, subscription))

    def _on_end(self, subscription: SettlesDeliveries, task: asyncio.Task[object]) -> None:
        """Has messages delivered again that a bug left unsettled: nobody else would notice."""
        self._under_way.discard(task)
        if task.cancelled():
            subscription.give_up("settling a message was cancelled")
        elif (bug := task.exception()) is not None:
            _log.error("a message was not settled", exc_info=bug)
            subscription.give_up(f"a message was not settled: {in_brief(bug)}")

    async def _republish(self, received: Received, failure: Failure) -> bool:
        delivery = received.delivery
        if delivery.subscription.is_lost:
            return False  # it will be redelivered, and one copy is enough
        self._bugs.note(failure)
        copy = received.next_copy or self._copy(received, failure)
        try:
            await self._publish_until_confirmed(delivery, copy.message)
        except UnpublishableError as error:
            _log_failure(received, failure, "rejected to the broker", republish_error=str(error))
            await delivery.subscription.reject(delivery.tag)
        except UnroutableError as error:
            _log_failure(received, failure, "given back", republish_error=str(error))
            await asyncio.sleep(self._durations.unroutable_pause)
            delivery.subscription.give_up(
                f"{error}: was it deleted? The next subscription declares it"
            )
        except BrokerUnavailableError as error:
            _log_failure(received, failure, "given back", republish_error=str(error))
            await delivery.subscription.give_back(delivery.tag)
        else:
            _log_failure(received, failure, copy.queue)
            self._observer.republished(failure, copy.queue)
            await delivery.subscription.acknowledge([delivery.tag])
            return True
        return False

    async def _publish_until_confirmed(self, delivery: Delivery, copy: Message) -> None:
        """Retries while the broker is unavailable, up to the hold limit."""
        backoff = Backoff(self._durations)
        while True:
            try:
                await self._republisher.publish(copy.body, copy.properties, copy.routing_key)
            except UnroutableError:
                raise
            except BrokerUnavailableError:
                if backoff.elapsed > self._durations.hold or delivery.subscription.is_lost:
                    raise
                await asyncio.sleep(backoff.next_pause())
            else:
                return


def _log_failure(received: Received, failure: Failure, moved_to: str, **details: str) -> None:
    properties = received.delivery.message.properties
    known = {
        "message_id": properties.message_id,
        "type": properties.message_type,
        "car_id": received.car_id,
        "trace_id": read_trace_id(received.delivery.message),
    }
    _log.warning(
        "message failed",
        **{name: value for name, value in known.items() if value},
        outcome=str(failure.code),
        detail=failure.detail,
        moved_to=moved_to,
        **details,
    )
