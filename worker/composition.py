"""The composition root: creates all parts of the worker and wires them together."""

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from uuid import uuid4

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.ext.asyncio import AsyncEngine

from worker import __version__
from worker.application.apply_batch import ApplyBatch
from worker.application.decide import Dispatch, dispatch
from worker.application.take_in_left_behind import TakeInLeftBehind
from worker.health import Health
from worker.infra.clocks import Clocks, utc_now
from worker.infra.db.advisory_locks import AdvisoryLock
from worker.infra.db.awaited_watch import AwaitedWatch
from worker.infra.db.database_probe import DatabaseProbe
from worker.infra.db.engine import BY_INDEX, Sessions, database, pool_of
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.heartbeat import Heartbeat
from worker.infra.db.identity import identify_database
from worker.infra.db.pruning import Pruner
from worker.infra.db.repositories.awaited_cars import PostgresAwaitedCars
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters
from worker.infra.db.repositories.delivery_trials import PostgresDeliveryTrials
from worker.infra.db.repositories.early_observations import EarlyHint
from worker.infra.db.repositories.swept_dead_letters import PostgresSweptDeadLetters
from worker.infra.db.repositories.workers import WorkerIdentity
from worker.infra.db.transaction_lock import try_transaction_lock
from worker.infra.db.unit_of_work import PostgresUnitOfWork
from worker.infra.durations import DEFAULT_DURATIONS, Durations
from worker.infra.hosts import vhost_of
from worker.infra.http.server import Answer, HttpServer, Routes
from worker.infra.messaging.amqp.confirming_publisher import ConfirmingPublisher
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties
from worker.infra.messaging.consuming.batch_handler import BatchHandler
from worker.infra.messaging.consuming.batching import Batching
from worker.infra.messaging.consuming.consumer import Consumer, ConsumerOptions
from worker.infra.messaging.consuming.holding import Holding
from worker.infra.messaging.consuming.inbox import Inbox
from worker.infra.messaging.consuming.leader_check import LeaderCheck
from worker.infra.messaging.consuming.lookout import CountHeld, Lookout, unknown_held
from worker.infra.messaging.consuming.pause_switch import PauseSwitch
from worker.infra.messaging.consuming.settling import Settler
from worker.infra.messaging.consuming.store_retry import StoreRetry
from worker.infra.messaging.consuming.suspects import Suspects
from worker.infra.messaging.dead_letters.errors import DeadLettersError
from worker.infra.messaging.dead_letters.sweep import Look, SweepReport, sweep
from worker.infra.messaging.dead_letters.sweeper import Sweeper
from worker.infra.messaging.events.decoding import Decoder
from worker.infra.messaging.management.api import ManagementApi
from worker.infra.messaging.management.standing import count_held
from worker.infra.messaging.management.standing_watch import StandingWatch
from worker.infra.messaging.management.wear import find_wear
from worker.infra.messaging.names import WORKER_EXCHANGE, retry_queue
from worker.infra.messaging.topology_repair import TopologyRepair
from worker.infra.process_name import process_name
from worker.infra.repeat_limited_log import RepeatLimitedLog
from worker.infra.telemetry.metrics import Metrics
from worker.infra.telemetry.vital_signs import beat, beside, probe
from worker.infra.telemetry.watchdog import Watchdog
from worker.infra.tracing.tracing import tracing
from worker.settings import Settings

_log = structlog.get_logger(__name__)


async def run_worker(
    settings: Settings,
    dispatch: Dispatch = dispatch,
    durations: Durations = DEFAULT_DURATIONS,
    host_jobs: Callable[[Sessions], Coroutine[None, None, None]] | None = None,
) -> None:
    """Runs the worker until SIGTERM or SIGINT; `host_jobs` runs the jobs of operators beside it.

    Raises:
        StartupTimeoutError: the servers were not available in time.
        WrongSchemaError: the database lacks migrations, or belongs to another application.
        TracingError: the requested traces are not supported or not installed.
    """
    tolerate_undecodable_properties()
    metrics = Metrics()
    health = Health(metrics, durations)
    clocks = Clocks(durations.clocks_apart)
    metrics.clock_skew.set_function(lambda: clocks.skew)
    url, pool_size = settings.current_database_url, settings.worker_pool_size
    async with (
        database(url, durations, pool_size=pool_size, session_settings=BY_INDEX) as (
            engine,
            sessions,
        ),
        tracing(os.environ, engine, durations) as traced,
    ):
        metrics.watch_pool(partial(pool_of, engine))
        remarks = RepeatLimitedLog(_log, durations.log_repeat)
        database_probe = DatabaseProbe(engine, clocks, remarks, durations)
        republisher = ConfirmingPublisher(
            settings.current_rabbitmq_url,
            exchange=WORKER_EXCHANGE,
            name="inventory-worker-republisher",
            durations=durations,
        )
        settler = Settler(republisher, settings.worker_retry_delays, health, utc_now, durations)
        finishing = asyncio.Event()
        store_retry = StoreRetry(health, finishing, durations)
        holding = Holding(health, finishing, durations)
        settling = traced.settling(settler)
        apply = traced.applying(
            ApplyBatch(partial(PostgresUnitOfWork, engine, EarlyHint()), dispatch)
        )
        handler = BatchHandler(
            apply, settling, settler.dead_letter_of, store_retry, holding, health
        )
        batching = Batching(
            inbox=Inbox(durations, Decoder(utc_now)),
            suspects=Suspects(
                trials=PostgresDeliveryTrials(sessions),
                give_up=handler.give_up,
                observer=health,
                store_retry=store_retry,
                finishing=finishing,
            ),
            holding=holding,
            clocks=clocks,
            batch_size=settings.worker_batch_size,
            finishing=finishing,
        )
        heartbeat = Heartbeat(sessions, _identity(hosts_jobs=host_jobs is not None), health.report)
        pause_switch = PauseSwitch(heartbeat.ask, durations)
        consumer = Consumer(
            _consumer_options(settings, engine, database_probe, pause_switch),
            durations,
            batching,
            handler,
            settler,
            database_probe.before_consuming,
            health,
        )
        lookout = Lookout(
            lambda: consumer.subscription, _held_counter(settings, durations), health, durations
        )
        leader_check = LeaderCheck(lambda: consumer.subscription, health, durations)
        topology = TopologyRepair(
            settings.current_rabbitmq_url, settings.worker_retry_delays, durations
        )
        sweeper = Sweeper(
            partial(_sweep, engine, sessions, settings, metrics, durations), durations
        )
        awaited = AwaitedWatch(
            PostgresAwaitedCars(sessions),
            TakeInLeftBehind(partial(PostgresUnitOfWork, engine)),
            lambda counts: metrics.awaited_cars_counted(counts.cars, counts.oldest),
            durations,
        )
        pruner = Pruner(sessions, timedelta(days=settings.worker_retention_days), durations)
        _stop_on_signals(consumer)  # before probes or logs show that the worker runs
        with (
            HttpServer(
                settings.worker_http_host,
                settings.worker_http_port,
                _routes(health, metrics),
                durations.http_client,
            ) as server,
            Watchdog(health.tick, health.live_problems, durations),
        ):
            _log.info("starting", http_port=server.port)
            _collect_garbage_seldom()
            try:
                async with beside(
                    beat(health.heartbeat, durations),
                    probe(database_probe.while_running, health.store_probed, durations),
                    pause_switch.run(),
                    pruner.run(),
                    awaited.run(),
                    topology.run(),
                    sweeper.run(),
                    lookout.run(),
                    leader_check.run(),
                    *_standing_watch(settings, metrics, durations),
                    *([] if host_jobs is None else [host_jobs(sessions)]),
                ):
                    await consumer.run()
            finally:
                await heartbeat.end(durations.pause_answer)
                await republisher.close()
    _log.info("stopped")


def _collect_garbage_seldom() -> None:
    """Collects rarely: messages create almost no reference cycles, so frequent runs waste time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _identity(*, hosts_jobs: bool) -> WorkerIdentity:
    return WorkerIdentity(uuid4(), process_name(), __version__, hosts_jobs)


def _consumer_options(
    settings: Settings,
    engine: AsyncEngine,
    database_probe: DatabaseProbe,
    pause_switch: PauseSwitch,
) -> ConsumerOptions:
    return ConsumerOptions(
        url=settings.current_rabbitmq_url,
        identify_database=partial(identify_database, engine),
        check_schema=database_probe.check_schema,
        pause_switch=pause_switch,
        prefetch=settings.worker_prefetch,
        delays=settings.worker_retry_delays,
        startup_timeout=settings.worker_startup_timeout,
        shutdown_timeout=settings.worker_shutdown_timeout,
    )


async def _sweep(
    engine: AsyncEngine,
    sessions: Sessions,
    settings: Settings,
    metrics: Metrics,
    durations: Durations,
    look: Look,
) -> SweepReport | None:
    """Sweeps the dead letters, unless somebody else is at them, and counts them."""
    records = PostgresSweptDeadLetters(sessions, timedelta(seconds=durations.sweep_grace))
    url, lock = settings.current_rabbitmq_url(), AdvisoryLock.LOOKING_AT_DEAD_LETTERS
    try:
        async with try_transaction_lock(engine, lock, durations.longest_sweep) as is_ours:
            report = (
                await sweep(url, records, durations, look, partial(_find_wear, settings, durations))
                if is_ours
                else None
            )
        counts = await PostgresDeadLetters(sessions).count()
    except DATABASE_ERRORS as trouble:
        raise DeadLettersError(str(translate(trouble))) from trouble
    metrics.dead_letters_counted(
        dead=counts.dead - counts.muted, muted=counts.muted, vanished=counts.vanished
    )
    return report


async def _find_wear(settings: Settings, durations: Durations) -> str | None:
    """Which policy would count a look at dead letters against them, if the API may be asked."""
    api = _management(settings, durations)
    return None if api is None else await find_wear(api, settings.current_rabbitmq_url())


def _management(settings: Settings, durations: Durations) -> ManagementApi | None:
    if settings.rabbitmq_management_url is None:
        return None
    return ManagementApi(settings.rabbitmq_management_url.get_secret_value(), durations.call)


def _held_counter(settings: Settings, durations: Durations) -> CountHeld:
    api = _management(settings, durations)
    if api is None:
        return unknown_held
    return partial(count_held, api, vhost_of(settings.current_rabbitmq_url()))


def _standing_watch(
    settings: Settings, metrics: Metrics, durations: Durations
) -> list[Coroutine[None, None, None]]:
    """Nothing where the management API may not be asked."""
    api = _management(settings, durations)
    if api is None:
        return []
    vhost = vhost_of(settings.current_rabbitmq_url())
    retries = [*map(retry_queue, settings.worker_retry_delays)]
    return [StandingWatch(api, vhost, retries, metrics.stands_still, durations).run()]


def _stop_on_signals(consumer: Consumer) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, consumer.stop)


def _routes(health: Health, metrics: Metrics) -> Routes:
    return {
        "/health/live": lambda: Answer.health(health.live_problems()),
        "/health/ready": lambda: _readiness(health),
        "/metrics": lambda: Answer(
            HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(metrics.registry)
        ),
    }


def _readiness(health: Health) -> Answer:
    pause = health.pause
    return Answer.health(health.ready_problems(), None if pause is None else str(pause))
