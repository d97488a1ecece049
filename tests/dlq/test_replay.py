from tests.conftest import StartWorker
from tests.dlq.conftest import Dlq, DlqJson
from tests.dlq.dead_letters import DeadLetterQueue, creations, price_changes
from tests.support.broker import DEAD_LETTERS, MAIN, Broker
from tests.support.catalog import read_cars
from tests.support.histories import fold
from worker.infra.db.engine import Sessions


async def test_price_changes_that_came_before_their_cars_are_replayed_without_risk(
    start_worker: StartWorker, broker: Broker, sessions: Sessions, dlq_json: DlqJson
) -> None:
    worker = start_worker()
    await broker.publish(price_changes(1_000))
    assert worker.wait_results(1_000) == {"car-not-found": 1_000}
    await broker.publish(creations(1_000))
    worker.wait_results(2_000)

    rehearsed = dlq_json("replay", "--dry-run", "--all")
    assert await broker.count(DEAD_LETTERS) == 1_000
    assert await read_cars(sessions) == fold(creations(1_000))
    replayed = dlq_json("replay", "--all", "--canary", "5")
    worker.wait_results(3_000)

    [verdict] = rehearsed["verdicts"]
    assert (verdict["outcome"], verdict["messages"]) == ("would apply", 1_000)
    assert (replayed["done"], replayed["canary"]["good"]) == (1_000, 5)
    assert await read_cars(sessions) == fold(creations(1_000) + price_changes(1_000))
    assert await broker.count(DEAD_LETTERS) == await broker.count(MAIN) == 0


async def test_a_canary_that_dies_again_leaves_the_rest_untouched(
    start_worker: StartWorker, dead_letters: DeadLetterQueue, dlq: Dlq
) -> None:
    await dead_letters.lay(price_changes(1_000))
    worker = start_worker()

    replayed = dlq("replay", "--all", "--canary", "5")

    assert replayed.returncode == 1
    assert replayed.stderr.startswith("the canary failed: 5 of 5 are dead again, p-0 with")
    assert "replayed 5 of 1000 dead letters; 995 are untouched" in replayed.stderr
    replays = [int(str(m.headers["x-replays"])) for m in await dead_letters.take_all()]
    assert sorted(replays) == [0] * 995 + [1] * 5
    assert worker.count_results() == {"car-not-found": 5}


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
