import asyncio
import json
import random
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from dev.servers import Servers, ServerSet
from dev.worker_process import WorkerProcess, wait_until
from tests.conftest import run_command
from tests.security.pgbouncer import find_pgbouncer, pgbouncer_before
from tests.security.rights import RestrictedUrls, block_of_page, execute
from tests.support.broker import PATIENT_DELAYS, connect
from tests.support.catalog import read_cars
from tests.support.histories import CREATED, Event, fold, random_history, with_duplicates
from worker.infra.db.engine import create_engine, create_sessions, timeouts_of
from worker.infra.durations import DEFAULT_DURATIONS

pytestmark = pytest.mark.needs_tools


@pytest.fixture
async def pooled_url(server_set: ServerSet, restricted: RestrictedUrls) -> AsyncIterator[str]:
    """The database of the restricted role, through PgBouncer and with the role's own timeouts."""
    program = find_pgbouncer()
    if program is None:
        pytest.skip("PgBouncer 1.21 or newer is not on the PATH")
    role = urlsplit(restricted.run).username
    settings = block_of_page("sql", containing="lock_timeout")
    await execute(server_set.database_url, re.sub(r"\binventory_worker\b", str(role), settings))
    with pgbouncer_before(program, restricted.run) as url:
        yield url


async def test_two_workers_converge_through_pgbouncer_in_transaction_mode(
    pooled_url: str, restricted: RestrictedUrls, tmp_path: Path
) -> None:
    rng = random.Random(21)
    history = random_history(rng, cars=30, events=600, prefix="pooled-", plans=0.1)
    sent = with_duplicates(rng, history)
    variables = {
        "WORKER_BATCH_SIZE": "20",
        "WORKER_PREFETCH": "40",
        "WORKER_RETRY_DELAYS": PATIENT_DELAYS,
    }
    one = WorkerProcess(pooled_url, restricted.worker, tmp_path / "one.log", variables)
    two = WorkerProcess(pooled_url, restricted.worker, tmp_path / "two.log", variables)
    with one, two:
        async with connect(restricted.publisher) as publisher:
            await publisher.publish(sent)
        wait_until(lambda: sum(sum(w.count_results().values()) for w in (one, two)) >= len(sent))
        one.end_in_good_order()
        two.end_in_good_order()

    engine = create_engine(lambda: pooled_url)
    catalog = await read_cars(create_sessions(engine))
    await engine.dispose()
    ours = {id_: car for id_, car in catalog.items() if id_.startswith("pooled-")}
    assert ours == fold(history)
    assert "database unavailable" not in one.log + two.log


async def test_the_role_keeps_the_bounds_that_pgbouncer_passes_over(pooled_url: str) -> None:
    connection = await asyncpg.connect(pooled_url)

    timeouts = timeouts_of(DEFAULT_DURATIONS)
    in_force = {name: await connection.fetchval(f"SHOW {name}") for name in timeouts}
    await connection.close()

    assert in_force == timeouts


async def test_replays_go_on_beside_workers_whose_sessions_are_pooled(
    pooled_url: str, restricted: RestrictedUrls, tmp_path: Path
) -> None:
    """A pooled session would lock the dead letters for whoever comes next on its connection."""
    direct = Servers(restricted.run, restricted.worker)
    wrong = [Event(CREATED, "/pooled", f"wrong-{i}", {"car_id": f"c-{i}"}) for i in range(5)]
    with WorkerProcess(pooled_url, restricted.worker, tmp_path / "worker.log", {}) as worker:
        async with connect(restricted.publisher) as publisher:
            await publisher.publish(wrong)
        worker.wait_results(5)

        for round_ in (1, 2):
            done = await asyncio.to_thread(run_command, direct, "dlq", "replay", "--all", "--json")
            assert done.returncode == 0, done.stderr + worker.log
            assert json.loads(done.stdout)["done"] == 5
            worker.wait_results(5 + 5 * round_)
        worker.end_in_good_order()

    assert worker.log.count("no jobs of operators are run here") == 1


@pytest.mark.parametrize("command", ["dlq list", "dlq replay --all", "message m-1"])
def test_a_command_that_locks_refuses_a_pooled_session(
    command: str, pooled_url: str, restricted: RestrictedUrls
) -> None:
    done = run_command(Servers(pooled_url, restricted.worker), *command.split())

    assert done.returncode == 1
    assert "DATABASE_URL leads to a pooler" in done.stderr
    assert done.stderr.count("\n") == 1
