"""Policies and purges take dead letters from their queue, never from operators."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aio_pika import Message
from aiormq.exceptions import ChannelNotFoundEntity

from dev.servers import Servers, ServerSet
from dev.servers.management import ManagementApi
from dev.worker_process import WorkerProcess, wait_until
from tests.conftest import StartWorker
from tests.dlq.conftest import Dlq, Operator, Progress
from tests.dlq.dead_letters import sweep_once
from tests.support.broker import DEAD_LETTERS, Broker, connect
from tests.support.car_events import creation, price_change
from tests.support.catalog import read_cars
from tests.support.histories import Event, fold
from tests.support.hooked_worker import HOOKED
from tests.support.policies import policy
from worker.dead_letters.dead_letters import DeadLetters
from worker.dead_letters.replay_options import ReplayOptions
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.engine import Sessions
from worker.infra.db.repositories.swept_dead_letters import PostgresSweptDeadLetters
from worker.infra.durations import DEFAULT_DURATIONS, Durations
from worker.infra.messaging.dead_letters.sweep import sweep
from worker.infra.messaging.management.api import ManagementApi as ReadOnlyApi
from worker.infra.messaging.management.wear import find_wear

LETTERS = 8
CHANGES = [price_change(f"car-{i}") for i in range(LETTERS)]
CREATIONS = [creation(f"car-{i}") for i in range(LETTERS)]
IMPATIENT = Durations(sweep_grace=0.001, browse_silence=0.2, drain_pause=0.1, outcome_poll=0.05)
"""A sweep that does not wait for letters on their way."""


@dataclass
class Site:
    """A worker that fails price changes once, its servers, and an operator at work."""

    worker: WorkerProcess
    broker: Broker
    servers: Servers
    sessions: Sessions
    operator: DeadLetters

    async def die(self) -> None:
        """Has price changes fail until they are dead letters; replayed, they are applied."""
        await self.broker.publish(CHANGES)
        await until(lambda: self.has_letters(LETTERS))

    async def has_letters(self, count: int) -> bool:
        return (await self.operator.groups(Selection())).total == count

    async def wait_left(self, count: int | None) -> None:
        """Waits until the policy has had its way; None means that the queue is gone.

        It asks seldom: to be asked for keeps a queue from expiring.
        """

        async def is_so() -> bool:
            return await self.count_in_queue() == count

        await until(is_so, pause=1)

    async def lay_by_hand(self, message_id: str) -> None:
        """Puts a letter there that the worker knows nothing of."""
        before = await self.count_in_queue() or 0
        letter = Message(b"{}", message_id=message_id, headers={"x-error-code": "too-large"})
        await self.broker.put_back(letter, DEAD_LETTERS)
        await self.wait_left(before + 1)

    async def count_in_queue(self) -> int | None:
        async with connect(self.servers.rabbitmq_url) as broker:
            try:
                return await broker.count(DEAD_LETTERS)
            except ChannelNotFoundEntity:
                return None

    async def replay(self, selection: Selection) -> int:
        progress = Progress()
        report = await self.operator.replay(selection, ReplayOptions(), progress, progress.stop)
        assert report.why_stopped == ""
        return report.done

    async def heal(self, left: Sequence[Event] = CHANGES) -> None:
        """Sends the creations, replays all dead letters, and checks what came of it."""
        await self.broker.publish(CREATIONS)

        assert await self.replay(Selection()) == len(left)

        expected = fold([*CREATIONS, *CHANGES])

        async def is_so() -> bool:
            return await read_cars(self.sessions) == expected

        await until(is_so)
        assert await self.has_letters(0)
        applied = len(CREATIONS) + len(CHANGES)  # which a worker counts after the commit
        wait_until(lambda: self.worker.count_results().get("applied") == applied)


async def until(is_so: Callable[[], Awaitable[bool]], pause: float = 0.1) -> None:
    async with asyncio.timeout(60):
        while not await is_so():  # noqa: ASYNC110 - neither server tells
            await asyncio.sleep(pause)


@pytest.fixture
def management(server_set: ServerSet) -> ManagementApi:
    if not isinstance(server_set.vhosts, ManagementApi):
        pytest.skip("policies are set over the management API, which this broker does not offer")
    return server_set.vhosts


@pytest.fixture
async def site(
    start_worker: StartWorker,
    broker: Broker,
    empty: Servers,
    sessions: Sessions,
    operator: Operator,
) -> Site:
    worker = start_worker(*HOOKED, FAILS_FIRST="1", WORKER_RETRY_DELAYS="none")
    return Site(worker, broker, empty, sessions, operator("ana", IMPATIENT))


@pytest.mark.parametrize(
    ("definition", "left", "kind"),
    [
        ({"max-length": 3}, 3, "policy"),
        ({"max-length": 3}, 3, "operator policy"),
        ({"max-length-bytes": 1}, 0, "policy"),
        ({"message-ttl": 100}, 0, "policy"),
        ({"message-ttl": 100}, 0, "operator policy"),
        ({"expires": 500}, None, "policy"),
        ({"dead-letter-exchange": "amq.fanout", "message-ttl": 100}, 0, "policy"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else str(value),
)
async def test_what_a_policy_takes_from_the_queue_is_listed_and_replayed(
    definition: Mapping[str, Any],
    left: int | None,
    kind: str,
    site: Site,
    management: ManagementApi,
) -> None:
    is_operators = kind == "operator policy"
    with policy(management, site.servers, DEAD_LETTERS, definition, operator=is_operators):
        await site.die()
        await site.wait_left(left)
        assert (await site.operator.groups(Selection())).total == LETTERS
        await sweep_once(site.servers, IMPATIENT)

        listed = await site.operator.groups(Selection())

        assert (listed.total, listed.vanished) == (LETTERS, LETTERS - (left or 0))
        assert len(await site.operator.details(CHANGES[0].message_id)) == 1
        await site.heal()


async def test_after_a_purge_all_dead_letters_are_listed_and_replayed(site: Site, dlq: Dlq) -> None:
    await site.die()
    await site.wait_left(LETTERS)
    await site.broker.purge(DEAD_LETTERS)

    await sweep_once(site.servers, IMPATIENT)

    assert f"{LETTERS} of all have vanished" in dlq("list").stdout
    assert "no longer: it has vanished" in dlq("show", CHANGES[0].message_id).stdout
    await site.heal()


async def test_a_replay_right_after_a_purge_sends_the_rows(site: Site) -> None:
    await site.die()
    await site.wait_left(LETTERS)
    await site.broker.purge(DEAD_LETTERS)

    await site.heal()

    assert await site.count_in_queue() == 0


async def test_replays_of_one_letter_under_a_delivery_limit_lose_no_other(
    site: Site, management: ManagementApi
) -> None:
    with policy(management, site.servers, ".*", {"delivery-limit": 3}):
        await site.die()
        await site.wait_left(LETTERS)
        await site.broker.publish(CREATIONS)
        for number, event in enumerate(CHANGES[:6], start=1):  # each looks at all that are left
            assert await site.replay(Selection(ids=(event.message_id,))) == 1
            assert await site.has_letters(LETTERS - number)

        await site.heal(left=CHANGES[6:])


async def test_letters_that_come_back_are_dead_again_and_replayed_once(site: Site) -> None:
    await site.die()
    await site.wait_left(LETTERS)
    taken = await site.broker.take_all(DEAD_LETTERS)
    await sweep_once(site.servers, IMPATIENT)
    assert (await site.operator.groups(Selection())).vanished == LETTERS

    for message in taken:
        await site.broker.put_back(message, DEAD_LETTERS)
    await site.wait_left(LETTERS)
    await sweep_once(site.servers, IMPATIENT)

    listed = await site.operator.groups(Selection())
    assert (listed.total, listed.vanished) == (LETTERS, 0)
    await site.heal()
    assert await site.count_in_queue() == 0


async def test_a_sweep_under_a_delivery_limit_keeps_what_it_wears_out_and_says_so(
    site: Site, management: ManagementApi, tmp_path: Path
) -> None:
    with policy(management, site.servers, DEAD_LETTERS, {"delivery-limit": 1}):
        await site.lay_by_hand("first")
        assert (await sweep_once(site.servers, IMPATIENT)).worn_out == 0
        await site.lay_by_hand("second")

        report = await sweep_once(site.servers, IMPATIENT)  # its second look at the first one

        assert (report.worn_out, await site.count_in_queue()) == (1, 1)
        assert await site.has_letters(2)
        progress, file = Progress(), tmp_path / "discarded.jsonl"
        done = await site.operator.discard(Selection(), file, progress, progress.stop)
        assert (done.done, done.why_stopped) == (2, "")
        assert len(file.read_text().splitlines()) == 2


async def test_a_sweep_that_may_ask_for_policies_does_not_look_where_that_wears_letters_out(
    site: Site, management: ManagementApi
) -> None:
    url = site.servers.rabbitmq_url
    credentials = f"{management.user}:{management.password}"
    where = management.where.replace("http://", f"http://{credentials}@")
    api = ReadOnlyApi(lambda: where, DEFAULT_DURATIONS.call)
    records = PostgresSweptDeadLetters(site.sessions, timedelta(0))
    find = partial(find_wear, api, url)
    await site.lay_by_hand("unknown to the worker")

    with policy(management, site.servers, ".*", {"delivery-limit": 3}):
        refused = await sweep(url, records, IMPATIENT, find_wear=find)
        assert "letters that were taken more often than 3 are deleted" in refused.not_looked
        assert await site.has_letters(0)
    allowed = await sweep(url, records, IMPATIENT, find_wear=find)

    assert (allowed.not_looked, allowed.added) == ("", 1)
