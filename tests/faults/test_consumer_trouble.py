import asyncio
import re
import signal
import time
from pathlib import Path

from pamqp.commands import Basic
from structlog.testing import capture_logs

from dev.servers import Servers
from dev.worker_process import WorkerProcess, wait_until
from tests.conftest import run_command
from tests.faults.drill import Drill
from tests.support.broker import DEAD_LETTERS, MAIN, connect
from tests.support.car_events import of_a_type_to_come
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.confirming_publisher import (
    BrokerUnavailableError,
    ConfirmingPublisher,
)

DELETED_UNDER_THE_WORKER = (MAIN, DEAD_LETTERS)


async def test_queues_deleted_under_the_worker(drill: Drill, full: bool) -> None:
    """The broker cancels the consumer, or returns a dead letter: both are declared again.

    What was in a deleted queue is gone, by the will of whoever deleted it: they are empty here.
    """
    drill.start_workers(1)
    for name in DELETED_UNDER_THE_WORKER * (3 if full else 1):
        await drill.publish(drill.history(300 if full else 50))
        await drill.until(drill.aftermath.is_over, "empty queues")
        async with connect(drill.site.rabbitmq_url) as broker:
            await broker.delete_queue(name)
        drill.faults += 1
        began = time.monotonic()
        await drill.publish(drill.poison(1))
        await drill.recovery(began)

    report = await drill.verdict(dead_as="invalid-event")
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


async def test_rabbitmq_short_of_memory(drill: Drill, full: bool) -> None:
    """It blocks who publishes: dead letters wait, and what is in the queue goes on."""
    drill.start_workers(1)
    alarms, events = (3, 2_000) if full else (1, 300)
    lasts = 40 if full else 3  # beyond 30 s the failed messages are given back

    for _ in range(alarms):
        async with drill.load(events):
            await drill.publish(drill.poison(10))
            await _set_memory_limit(drill, "0.000001")
            drill.faults += 1
            await asyncio.sleep(lasts)  # the length of the alarm is what the drill is about
            await _set_memory_limit(drill, "0.4")
            began = time.monotonic()
        await drill.recovery(began)

    report = await drill.verdict(dead_as="invalid-event")
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


async def test_a_worker_that_may_not_publish_says_why_and_when_it_may_again(drill: Drill) -> None:
    [worker] = drill.start_workers(1, WORKER_RETRY_DELAYS="none")
    process = worker.process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    await drill.publish([of_a_type_to_come()])
    await _set_memory_limit(drill, "0.000001")
    process.send_signal(signal.SIGCONT)

    await until(worker, "blocks publishing")
    await _set_memory_limit(drill, "0.4")
    await until(worker, "moved_to=inventory-worker.dead-letters")

    lines = [line for line in worker.log.splitlines() if "RabbitMQ" in line]
    assert len(lines) == 2
    assert re.search(r"warning .*RabbitMQ blocks publishing +reason='low on memory'", lines[0])
    assert re.search(r"info .*RabbitMQ accepts messages again", lines[1])


async def test_a_publish_beside_one_that_ran_out_of_time_is_refused_not_cancelled(
    drill: Drill,
) -> None:
    """The first closes the connection, which goes on once RabbitMQ reads again."""
    patience = Durations(confirm=8, close=8)
    publisher = ConfirmingPublisher(
        lambda: drill.site.rabbitmq_url, exchange="", name="test", durations=patience
    )

    def publish(message_id: str) -> asyncio.Task[None]:
        properties = Basic.Properties(message_id=message_id)
        return asyncio.create_task(publisher.publish(b"", properties, MAIN))

    drill.start_workers(1)  # it declares the queue
    await _set_memory_limit(drill, "0.000001")
    with capture_logs() as logged:
        await publish("blocks")  # RabbitMQ blocks a connection once it publishes
        await asyncio.to_thread(wait_until, lambda: "RabbitMQ blocks publishing" in str(logged))
    first = publish("0")
    await asyncio.wait((first,), timeout=patience.confirm / 2)
    second = publish("1")
    await asyncio.wait((first,), timeout=patience.confirm)
    await _set_memory_limit(drill, "0.4")
    ends = await asyncio.gather(first, second, return_exceptions=True)
    await publisher.close()

    assert [type(end) for end in ends] == [BrokerUnavailableError] * 2


async def test_a_blocked_publisher_says_why(drill: Drill, tmp_path: Path) -> None:
    drill.start_workers(1)
    file = tmp_path / "event.jsonl"
    file.write_text('{"type": "car-created", "message_id": "late", "data": {}}\n')
    servers = Servers(drill.site.database_url, drill.site.rabbitmq_url)

    await _set_memory_limit(drill, "0.000001")
    command = ("publish", "--no-validate", str(file))
    done = await asyncio.to_thread(run_command, servers, *command)
    await _set_memory_limit(drill, "0.4")

    assert done.returncode == 1
    logged, said = done.stderr.splitlines()
    assert re.search("RabbitMQ blocks publishing +reason='?low on memory", logged)
    assert said == ("inventory-worker: not confirmed: RabbitMQ blocks publishing: low on memory")


async def test_each_message_published_three_times_to_two_workers(drill: Drill, full: bool) -> None:
    drill.start_workers(2)
    history = drill.history(20_000 if full else 500, duplicates=2.0)

    await drill.publish(history)

    report = await drill.verdict()
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


async def until(worker: WorkerProcess, logged: str) -> None:
    """Waits until the worker has logged this."""
    await asyncio.to_thread(wait_until, lambda: logged in worker.log)


async def _set_memory_limit(drill: Drill, share: str) -> None:
    await asyncio.to_thread(drill.site.rabbitmq.ctl, "set_vm_memory_high_watermark", share)
