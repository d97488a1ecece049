from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess

from dev.worker_process import wait_until
from tests.conftest import StartWorker
from tests.contract_document.wrong_events import event
from tests.support.broker import DEAD_LETTERS, MAIN, Broker

InventoryWorker = Callable[..., CompletedProcess[str]]


async def test_of_a_file_with_a_wrong_event_nothing_is_sent(
    start_worker: StartWorker, broker: Broker, inventory_worker: InventoryWorker, tmp_path: Path
) -> None:
    start_worker().terminate()
    file = _file(tmp_path, event("a"), event("b", price_mxn="-1"))

    done = inventory_worker("publish", file)

    complaint, verdict = done.stderr.splitlines()
    assert complaint.startswith("inventory-worker: line 2: price_mxn: found '-1', allowed is ")
    assert verdict == "inventory-worker: 1 wrong; nothing was sent"
    assert done.returncode == 1
    assert await broker.count(MAIN) == 0


async def test_who_asks_for_no_validation_has_the_worker_judge(
    start_worker: StartWorker, broker: Broker, inventory_worker: InventoryWorker, tmp_path: Path
) -> None:
    worker = start_worker()
    file = _file(tmp_path, event("a"), event("b", price_mxn="-1"))

    done = inventory_worker("publish", "--no-validate", file)

    assert (done.stdout, done.returncode) == ("published 2 of 2 events\n", 0)
    assert worker.wait_results(2) == {"applied": 1, "invalid-event": 1}
    (dead,) = await broker.take_all(DEAD_LETTERS)
    assert dead.headers["x-error-code"] == "invalid-event"
    assert dead.timestamp is not None, "the delivery lag is counted from it"
    assert abs(datetime.now(UTC) - dead.timestamp) < timedelta(minutes=5)


def test_a_line_that_is_no_event_is_never_sent(
    inventory_worker: InventoryWorker, tmp_path: Path
) -> None:
    done = inventory_worker("publish", "--no-validate", _file(tmp_path, "no event"))

    assert done.stderr.startswith("inventory-worker: line 1: line: ")
    assert done.returncode == 1


def test_an_id_that_amqp_cannot_carry_is_one_clear_line(
    start_worker: StartWorker, inventory_worker: InventoryWorker, tmp_path: Path
) -> None:
    start_worker().terminate()

    done = inventory_worker("publish", "--no-validate", _file(tmp_path, event("x" * 256)))

    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("inventory-worker: ")
    assert done.returncode == 1


def test_a_type_that_nobody_takes_is_reported_and_the_rest_arrives(
    start_worker: StartWorker, inventory_worker: InventoryWorker, tmp_path: Path
) -> None:
    worker = start_worker()
    file = _file(tmp_path, event("a", type_="inventory.nobody.v1"), event("b"))

    done = inventory_worker("publish", "--no-validate", file)

    assert done.stdout == "published 1 of 2 events\n"
    assert done.stderr == "no queue takes 'inventory.nobody.v1': 1 not sent\n"
    assert done.returncode == 1
    wait_until(lambda: worker.count_results() == {"applied": 1})


def _file(folder: Path, *lines: str) -> str:
    file = folder / "events.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    return str(file)
