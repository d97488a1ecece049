import subprocess
import sys
from datetime import UTC, datetime

import pytest

from worker.health import Health
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.fleet import Pause
from worker.infra.telemetry.metrics import Metrics
from worker.infra.telemetry.watchdog import WEDGED

STUCK_AFTER = int(DEFAULT_DURATIONS.stuck_after)
NO_PROGRESS = int(DEFAULT_DURATIONS.no_progress_after)


class Consumer:
    node = "rabbit-1:5672"

    def __init__(self, *, is_consuming: bool, in_flight: int = 0) -> None:
        self.is_consuming = is_consuming
        self.in_flight = in_flight
        self.node = "localhost:5672"


@pytest.fixture
def health() -> Health:
    return Health(Metrics(), DEFAULT_DURATIONS)


def wait(health: Health, seconds: int) -> None:
    """Lets time pass while the loop turns and nothing else happens."""
    for _ in range(seconds):
        health.heartbeat()
        health.tick()


def test_a_stuck_loop_is_mended_by_a_restart(health: Health) -> None:
    health.heartbeat()
    for _ in range(STUCK_AFTER + 1):
        health.tick()

    assert health.live_problems() == ["the event loop has been stuck for 31 s"]


def test_an_idle_consumer_is_well_however_long(health: Health) -> None:
    health.consuming(Consumer(is_consuming=True))

    wait(health, 2 * NO_PROGRESS)

    assert health.live_problems() == []
    assert health.ready_problems() == []


def test_messages_in_hand_of_which_nothing_comes_ask_for_a_restart(health: Health) -> None:
    health.consuming(Consumer(is_consuming=True, in_flight=3))

    wait(health, NO_PROGRESS + 1)

    assert health.live_problems() == ["no progress with in-flight messages for 301 s"]


def test_holding_messages_for_a_database_that_is_away_asks_for_no_restart(health: Health) -> None:
    health.consuming(Consumer(is_consuming=True, in_flight=3))

    for _ in range(NO_PROGRESS):
        wait(health, 5)
        health.store_refused("23502")

    assert health.live_problems() == []
    assert health.ready_problems() == ["PostgreSQL answers but accepts no transactions: 23502"]


def test_a_new_subscription_does_not_make_a_database_take_work(health: Health) -> None:
    health.consuming(Consumer(is_consuming=True, in_flight=3))
    health.store_refused("25006")
    health.consuming(None)

    health.consuming(Consumer(is_consuming=True))

    assert health.ready_problems() == ["PostgreSQL answers but accepts no transactions: 25006"]
    health.store_took_work()
    assert health.ready_problems() == []


def test_a_worker_whose_messages_went_to_others_becomes_ready_again(health: Health) -> None:
    health.store_refused("25006")
    health.consuming(Consumer(is_consuming=True))

    wait(health, int(DEFAULT_DURATIONS.refusal_counts) + 1)

    assert health.ready_problems() == []


def test_waiting_for_servers_asks_for_no_restart_and_names_the_server(health: Health) -> None:
    health.consuming(None)

    for _ in range(NO_PROGRESS):
        wait(health, 5)
        health.waiting("RabbitMQ: connection refused")

    assert health.live_problems() == []
    assert health.ready_problems() == [
        "no consumer is registered at RabbitMQ: RabbitMQ: connection refused"
    ]


def test_a_consumer_that_is_gone_and_that_nobody_brings_back_asks_for_a_restart(
    health: Health,
) -> None:
    health.consuming(Consumer(is_consuming=False))

    wait(health, NO_PROGRESS + 1)

    assert health.live_problems() == ["no attempt to consume for 301 s"]


def test_a_database_that_does_not_answer_makes_an_idle_worker_unready(health: Health) -> None:
    health.consuming(Consumer(is_consuming=True))

    health.store_probed("PostgreSQL: ConnectionRefusedError")

    assert health.ready_problems() == ["PostgreSQL: ConnectionRefusedError"]
    assert health.live_problems() == []


def test_a_stuck_process_ends_itself() -> None:
    program = (
        "import time\n"
        "from worker.infra.durations import Durations\n"
        "from worker.infra.telemetry.watchdog import Watchdog\n"
        "durations = Durations(tick=0.01, watchdog_grace=0.03)\n"
        "with Watchdog(lambda: None, lambda: ['stuck'], durations): time.sleep(60)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30
    )

    assert done.returncode == WEDGED
    assert "stuck: exiting" in done.stdout + done.stderr


PAUSE = Pause(1, "maintenance", "ana", datetime(2026, 1, 1, tzinfo=UTC), None, None, None)


def test_a_paused_worker_is_well_however_long(health: Health) -> None:
    health.holding("most messages fail")
    health.store_refused("read-only")
    health.store_probed("a table is locked")
    health.paused(PAUSE)

    wait(health, 2 * NO_PROGRESS)

    assert health.live_problems() == []
    assert health.ready_problems() == []
    assert health.report().state == "paused"


def test_a_worker_that_finishes_what_is_in_hand_for_a_pause_stays_ready(health: Health) -> None:
    health.consuming(Consumer(is_consuming=True, in_flight=3))
    health.paused(PAUSE)
    health.consuming(finishing := Consumer(is_consuming=False, in_flight=3))

    assert health.ready_problems() == []
    assert (health.report().state, health.report().in_flight) == ("pausing", 3)

    wait(health, NO_PROGRESS + 1)
    assert health.live_problems() == ["no attempt to consume for 301 s"]
    assert finishing.in_flight == 3


def test_a_worker_that_resumes_is_ready_once_it_consumes(health: Health) -> None:
    health.paused(PAUSE)
    health.paused(None)

    assert health.ready_problems() == ["no consumer is registered at RabbitMQ: resuming"]
    assert health.report().state == "waiting"

    health.consuming(Consumer(is_consuming=True))
    assert health.ready_problems() == []
    assert health.report().rabbitmq_node == "localhost:5672"
