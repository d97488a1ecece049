"""What runs beside the messages."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial

from worker.application.take_in_left_behind import TakeInLeftBehind
from worker.composition.common import Common
from worker.composition.management import held_counter, standing_watch
from worker.composition.sweeping import sweep_and_count
from worker.infra.db.awaited_watch import AwaitedWatch
from worker.infra.db.engine import Sessions
from worker.infra.db.pruning import Pruner
from worker.infra.db.repositories.awaited_cars import PostgresAwaitedCars
from worker.infra.db.unit_of_work import PostgresUnitOfWork
from worker.infra.messaging.consuming.consumer import Consumer
from worker.infra.messaging.consuming.leader_check import LeaderCheck
from worker.infra.messaging.consuming.lookout import Lookout
from worker.infra.messaging.consuming.pause_switch import PauseSwitch
from worker.infra.messaging.dead_letters.sweeper import Sweeper
from worker.infra.messaging.topology_repair import TopologyRepair
from worker.infra.telemetry.vital_signs import beat, probe

HostJobs = Callable[[Sessions], Coroutine[None, None, None]]
"""Runs the jobs of operators until it is cancelled."""


def in_background(
    common: Common,
    consumer: Consumer,
    pause_switch: PauseSwitch,
    host_jobs: HostJobs | None,
) -> list[Coroutine[None, None, None]]:
    """What runs beside the messages; each goes on until it is cancelled."""
    settings, durations, health = common.settings, common.durations, common.health
    lookout = Lookout(lambda: consumer.subscription, held_counter(common), health, durations)
    leader_check = LeaderCheck(lambda: consumer.subscription, health, durations)
    topology = TopologyRepair(
        settings.current_rabbitmq_url, settings.worker_retry_delays, durations
    )
    sweeper = Sweeper(partial(sweep_and_count, common), durations)
    retention = timedelta(days=settings.worker_retention_days)
    return [
        beat(health.heartbeat, durations),
        probe(common.database_probe.while_running, health.store_probed, durations),
        Pruner(common.sessions, retention, durations).run(),
        _awaited_watch(common).run(),
        topology.run(),
        sweeper.run(),
        lookout.run(),
        leader_check.run(),
        pause_switch.run(),
        *standing_watch(common),
        *([] if host_jobs is None else [host_jobs(common.sessions)]),
    ]


def _awaited_watch(common: Common) -> AwaitedWatch:
    return AwaitedWatch(
        PostgresAwaitedCars(common.sessions),
        TakeInLeftBehind(partial(PostgresUnitOfWork, common.engine)),
        lambda counts: common.metrics.awaited_cars_counted(counts.cars, counts.oldest),
        common.durations,
    )
