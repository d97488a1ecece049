from dataclasses import replace

from tests.conftest import StartWorker
from tests.dlq.conftest import Dlq, DlqJson
from tests.dlq.dead_letters import DeadLetterQueue, creations, price_changes
from tests.support.broker import DEAD_LETTERS, MAIN, Broker
from tests.support.catalog import read_cars
from tests.support.histories import fold
from worker.infra.db.engine import Sessions


async def test_price_changes_without_a_car_that_died_before_this_release_are_replayed(
    start_worker: StartWorker,
    broker: Broker,
    dead_letters: DeadLetterQueue,
    sessions: Sessions,
    dlq_json: DlqJson,
) -> None:
    await dead_letters.lay(price_changes(1_000), code="car-not-found")
    worker = start_worker()
    await broker.publish(creations(1_000))
    worker.wait_results(1_000)

    rehearsed = dlq_json("replay", "--dry-run", "--all")
    assert await broker.count(DEAD_LETTERS) == 1_000
    assert await read_cars(sessions) == fold(creations(1_000))
    replayed = dlq_json("replay", "--all", "--canary", "5")
    worker.wait_results(2_000)

    [verdict] = rehearsed["verdicts"]
    assert (verdict["outcome"], verdict["messages"]) == ("would apply", 1_000)
    assert (replayed["done"], replayed["canary"]["good"]) == (1_000, 5)
    assert await read_cars(sessions) == fold(creations(1_000) + price_changes(1_000))
    assert await broker.count(DEAD_LETTERS) == await broker.count(MAIN) == 0


async def test_replayed_before_their_cars_they_wait_for_them(
    start_worker: StartWorker,
    broker: Broker,
    dead_letters: DeadLetterQueue,
    sessions: Sessions,
    dlq_json: DlqJson,
) -> None:
    await dead_letters.lay(price_changes(20), code="car-not-found")
    worker = start_worker()

    dlq_json("replay", "--all", "--canary", "5")
    await broker.publish(creations(20))

    assert worker.wait_results(40) == {"early": 20, "applied": 20}
    assert await read_cars(sessions) == fold(creations(20) + price_changes(20))


async def test_a_canary_that_dies_again_leaves_the_rest_untouched(
    start_worker: StartWorker, dead_letters: DeadLetterQueue, dlq: Dlq
) -> None:
    to_come = [replace(event, type="inventory.price-changed.v2") for event in price_changes(1_000)]
    await dead_letters.lay(to_come, code="unknown-type")
    worker = start_worker()

    replayed = dlq("replay", "--all", "--canary", "5")

    assert replayed.returncode == 1
    assert replayed.stderr.startswith("the canary failed: 5 of 5 are dead again, p-0 with")
    assert "replayed 5 of 1000 dead letters; 995 are untouched" in replayed.stderr
    replays = [int(str(m.headers["x-replays"])) for m in await dead_letters.take_all()]
    assert sorted(replays) == [0] * 995 + [1] * 5
    assert worker.count_results() == {"unknown-type": 5}


async def test_creations_go_before_the_price_changes_that_wait_for_them(
    start_worker: StartWorker, dead_letters: DeadLetterQueue, dlq_json: DlqJson, sessions: Sessions
) -> None:
    await dead_letters.lay(price_changes(200) + creations(200))
    worker = start_worker(WORKER_BATCH_SIZE="10", WORKER_PREFETCH="10")

    rehearsed = dlq_json("replay", "--dry-run", "--all")
    dlq_json("replay", "--all", "--canary", "3")

    assert worker.wait_results(400) == {"applied": 400}
    assert [(v["outcome"], v["messages"]) for v in rehearsed["verdicts"]] == [("would apply", 400)]
    assert await read_cars(sessions) == fold(creations(200) + price_changes(200))
