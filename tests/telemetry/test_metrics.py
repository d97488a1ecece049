import random
import shutil
import subprocess
import urllib.request
from datetime import UTC, datetime, timedelta

import aio_pika
import pytest
from prometheus_client.parser import text_string_to_metric_families

from dev.worker_process import WorkerProcess
from tests.conftest import StartWorker
from tests.support.broker import Broker
from tests.support.histories import CREATED, Event, random_history
from worker import __version__
from worker.infra.telemetry.metrics import Metrics

LABELS = {"type", "result", "queue", "code", "state", "kind", "version", "node", "le"}


def _scrape(worker: WorkerProcess) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{worker.port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


def _samples(text: str) -> dict[str, float]:
    """By name and labels, as they stand in the text."""
    return {
        " ".join((sample.name, *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_a_worker_tells_what_it_did_and_how_far_behind_it_is(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker()
    before = datetime.now(UTC).timestamp()
    await broker.publish(random_history(random.Random(3), cars=1, events=1, prefix="counted-"))
    worker.wait_results(1)

    samples = _samples(_scrape(worker))

    assert samples[f"inventory_worker_messages_total applied {CREATED}"] == 1
    assert samples["inventory_worker_batch_messages_sum"] == 1
    assert samples["inventory_worker_transaction_seconds_count"] == 1
    assert samples["inventory_worker_event_lag_seconds_count"] == 1
    assert samples["inventory_worker_event_lag_seconds_sum"] > 86_400, "it tells of last January"
    assert samples["inventory_worker_delivery_lag_seconds_count"] == 0, "no timestamp was given"
    assert samples["inventory_worker_consumer_up"] == 1
    assert samples["inventory_worker_last_settlement_timestamp_seconds"] >= before
    assert samples["inventory_worker_database_connections idle"] >= 1
    assert samples[f"inventory_worker_build_info {__version__}"] == 1


async def test_the_time_of_publishing_gives_the_lag_of_delivery(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker()
    [event] = random_history(random.Random(3), cars=1, events=1, prefix="sent-")
    channel = await broker.connection.channel()
    exchange = await channel.get_exchange("inventory.events", ensure=False)
    sent_at = datetime.now(UTC) - timedelta(seconds=100)
    message = aio_pika.Message(event.body, message_id="sent", type=event.type, timestamp=sent_at)

    await exchange.publish(message, event.type)
    worker.wait_results(1)

    lag = _samples(_scrape(worker))["inventory_worker_delivery_lag_seconds_sum"]
    assert 99 < lag < 200


async def test_publishers_cannot_make_series_grow(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(WORKER_RETRY_DELAYS="100ms")
    named_at_will = [Event(f"made-up-{i}", "", f"made-up-{i}", {}) for i in range(3)]
    channel = await broker.connection.channel()
    exchange = await channel.get_exchange("inventory.events", ensure=False)
    for event in named_at_will:
        message = aio_pika.Message(event.body, message_id=event.message_id, type=event.type)
        await exchange.publish(message, CREATED)
    worker.wait_results(3)

    text = _scrape(worker)

    names = {
        name
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for name in sample.labels
    }
    assert names <= LABELS
    assert "made-up" not in text


def test_a_publisher_whose_clock_is_ahead_lags_by_nothing() -> None:
    metrics = Metrics()

    metrics.batch_lagged(datetime.now(UTC) + timedelta(minutes=4), None)

    value = metrics.registry.get_sample_value
    assert value("inventory_worker_event_lag_seconds_sum") == 0
    assert value("inventory_worker_delivery_lag_seconds_count") == 0


@pytest.mark.needs_tools
async def test_the_names_are_those_that_prometheus_recommends(
    start_worker: StartWorker, broker: Broker
) -> None:
    promtool = shutil.which("promtool")
    assert promtool, "install the package prometheus"
    worker = start_worker()
    await broker.publish(random_history(random.Random(3), cars=2, events=9, prefix="named-"))
    worker.wait_results(9)

    assert _complaints(promtool, _scrape(worker)) == ""


def _complaints(promtool: str, metrics: str) -> str:
    command = [promtool, "check", "metrics"]
    checked = subprocess.run(command, input=metrics, capture_output=True, text=True, check=False)
    return checked.stdout + checked.stderr
