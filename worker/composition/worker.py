"""Runs the worker."""

import asyncio
import gc
import os
import signal
from uuid import uuid4

import structlog

from worker import __version__
from worker.application.decide import Dispatch, dispatch
from worker.composition.background import HostJobs, in_background
from worker.composition.common import Common
from worker.composition.consumer import compose_consumer
from worker.composition.http_routes import routes
from worker.infra.db.engine import BY_INDEX, database
from worker.infra.db.heartbeat import Heartbeat
from worker.infra.db.repositories.workers import WorkerIdentity
from worker.infra.durations import DEFAULT_DURATIONS, Durations
from worker.infra.http.server import HttpServer
from worker.infra.messaging.amqp.confirming_publisher import ConfirmingPublisher
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties
from worker.infra.messaging.consuming.consumer import Consumer
from worker.infra.messaging.consuming.pause_switch import PauseSwitch
from worker.infra.messaging.names import WORKER_EXCHANGE
from worker.infra.process_name import process_name
from worker.infra.telemetry.vital_signs import beside
from worker.infra.telemetry.watchdog import Watchdog
from worker.infra.tracing.tracing import tracing
from worker.settings import Settings

_log = structlog.get_logger(__name__)


async def run_worker(
    settings: Settings,
    dispatch: Dispatch = dispatch,
    durations: Durations = DEFAULT_DURATIONS,
    host_jobs: HostJobs | None = None,
) -> None:
    """Runs the worker until SIGTERM or SIGINT; `host_jobs` runs the jobs of operators beside it.

    Raises:
        StartupTimeoutError: the servers were not available in time.
        WrongSchemaError: the database lacks migrations, or belongs to another application.
        TracingError: the requested traces are not supported or not installed.
    """
    tolerate_undecodable_properties()
    url, pool_size = settings.current_database_url, settings.worker_pool_size
    async with (
        database(url, durations, pool_size=pool_size, session_settings=BY_INDEX) as (
            engine,
            sessions,
        ),
        tracing(os.environ, engine, durations) as traced,
    ):
        common = Common.of(settings, durations, engine, sessions)
        republisher = ConfirmingPublisher(
            settings.current_rabbitmq_url,
            exchange=WORKER_EXCHANGE,
            name="inventory-worker-republisher",
            durations=durations,
        )
        identity = _identity(hosts_jobs=host_jobs is not None)
        heartbeat = Heartbeat(sessions, identity, common.health.report)
        pause_switch = PauseSwitch(heartbeat.ask, durations)
        consumer = compose_consumer(common, republisher, pause_switch, dispatch, traced)
        _stop_on_signals(consumer)  # before probes or logs show that the worker runs
        with (
            HttpServer(
                settings.worker_http_host,
                settings.worker_http_port,
                routes(common.health, common.metrics),
                durations.http_client,
            ) as server,
            Watchdog(common.health.tick, common.health.live_problems, durations),
        ):
            _log.info("starting", http_port=server.port)
            _collect_garbage_seldom()
            try:
                async with beside(*in_background(common, consumer, pause_switch, host_jobs)):
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


def _stop_on_signals(consumer: Consumer) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, consumer.stop)
