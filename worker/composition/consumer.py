"""Joins what handles messages: consumer, batches, suspects, use cases, settling."""

import asyncio
from functools import partial

from worker.application.apply_batch import ApplyBatch
from worker.application.decide import Dispatch
from worker.composition.common import Common
from worker.infra.clocks import utc_now
from worker.infra.db.identity import identify_database
from worker.infra.db.repositories.delivery_trials import PostgresDeliveryTrials
from worker.infra.db.repositories.early_observations import EarlyHint
from worker.infra.db.unit_of_work import PostgresUnitOfWork
from worker.infra.messaging.amqp.confirming_publisher import ConfirmingPublisher
from worker.infra.messaging.consuming.batch_handler import BatchHandler
from worker.infra.messaging.consuming.batching import Batching
from worker.infra.messaging.consuming.consumer import Consumer, ConsumerOptions
from worker.infra.messaging.consuming.holding import Holding
from worker.infra.messaging.consuming.inbox import Inbox
from worker.infra.messaging.consuming.pause_switch import PauseSwitch
from worker.infra.messaging.consuming.settling import Settler
from worker.infra.messaging.consuming.store_retry import StoreRetry
from worker.infra.messaging.consuming.suspects import Suspects
from worker.infra.messaging.events.decoding import Decoder
from worker.infra.tracing.batch_steps import Tracing


def compose_consumer(
    common: Common,
    republisher: ConfirmingPublisher,
    pause_switch: PauseSwitch,
    dispatch: Dispatch,
    traced: Tracing,
) -> Consumer:
    """The consumer, with all that handles its messages."""
    settings, durations, health = common.settings, common.durations, common.health
    settler = Settler(republisher, settings.worker_retry_delays, health, utc_now, durations)
    finishing = asyncio.Event()
    store_retry = StoreRetry(health, finishing, durations)
    holding = Holding(health, finishing, durations)
    handler = BatchHandler(
        traced.applying(
            ApplyBatch(partial(PostgresUnitOfWork, common.engine, EarlyHint()), dispatch)
        ),
        traced.settling(settler),
        settler.dead_letter_of,
        store_retry,
        holding,
        health,
    )
    batching = Batching(
        inbox=Inbox(durations, Decoder(utc_now)),
        suspects=Suspects(
            trials=PostgresDeliveryTrials(common.sessions),
            give_up=handler.give_up,
            observer=health,
            store_retry=store_retry,
            finishing=finishing,
        ),
        holding=holding,
        clocks=common.clocks,
        batch_size=settings.worker_batch_size,
        finishing=finishing,
    )
    return Consumer(
        _options(common, pause_switch),
        durations,
        batching,
        handler,
        settler,
        common.database_probe.before_consuming,
        health,
    )


def _options(common: Common, pause_switch: PauseSwitch) -> ConsumerOptions:
    settings = common.settings
    return ConsumerOptions(
        url=settings.current_rabbitmq_url,
        identify_database=partial(identify_database, common.engine),
        check_schema=common.database_probe.check_schema,
        pause_switch=pause_switch,
        prefetch=settings.worker_prefetch,
        delays=settings.worker_retry_delays,
        startup_timeout=settings.worker_startup_timeout,
        shutdown_timeout=settings.worker_shutdown_timeout,
    )
