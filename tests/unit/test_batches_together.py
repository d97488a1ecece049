"""Two batches at a time: when the second begins, and what it waits for."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from typing_extensions import override

from tests.support.running_batches import Running
from worker.application.outcomes import Failure, Outcome, Result
from worker.domain.error_code import ErrorCode
from worker.infra.messaging.consuming.breaker import HANDFUL
from worker.infra.messaging.consuming.received import Received

OURS = Failure(ErrorCode.UNEXPECTED_ERROR, "ZeroDivisionError")
TURNS = 20
"""Of the event loop: more than anything here needs."""


class Gated(Running):
    """Each batch lasts until the test ends it, or has it fail."""

    def __init__(self, batch_size: int = 2) -> None:
        super().__init__(batch_size)
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self._end_of: dict[str, asyncio.Future[None]] = defaultdict(asyncio.Future)

    @asynccontextmanager
    async def started(self) -> AsyncIterator[asyncio.Task[None]]:
        """Runs, and finishes at the end."""
        task = asyncio.create_task(self.batching.run())
        await turns()
        yield task
        self.batching.finish()
        for end in self._end_of.values():
            if not end.done():
                end.set_result(None)
        async with asyncio.timeout(10):
            await asyncio.wait((task,))

    def hold(self, *car_ids: str, result: Result, deliveries_before: int = 0) -> None:
        """As if a batch of these had this result."""
        received = [self.receive(car_id, deliveries_before) for car_id in car_ids]
        self.holding.hold([(item, result) for item in received])

    async def end(self, batch: str) -> None:
        self._end_of[batch].set_result(None)
        await turns()

    async def fail(self, batch: str, error: BaseException) -> None:
        self._end_of[batch].set_exception(error)
        await turns()

    @override
    async def _process(self, batch: Sequence[Received]) -> None:
        name = "".join(str(item.car_id or "?") for item in batch)
        self.begun.append(name)
        try:
            await self._end_of[name]
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        self.ended.append(name)


async def turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


@pytest.fixture
def running() -> Gated:
    return Gated()


async def test_a_full_batch_begins_beside_another_one_and_no_third(running: Gated) -> None:
    running.deliver("a", "b", "c", "d", "e", "f")

    async with running.started():
        assert running.begun == ["ab", "cd"]

        await running.end("cd")
        assert running.begun == ["ab", "cd", "ef"]


async def test_a_batch_that_is_not_full_begins_alone(running: Gated) -> None:
    running.deliver("a", "b", "c")

    async with running.started():
        assert running.begun == ["ab"]

        await running.end("ab")
        assert running.begun == ["ab", "c"]


async def test_a_batch_that_fills_up_begins_beside_the_one_under_way(running: Gated) -> None:
    running.deliver("a")

    async with running.started():
        running.deliver("b", "c")
        await turns()

        assert running.begun == ["a", "bc"]


async def test_a_batch_with_a_car_of_the_one_under_way_begins_after_it(running: Gated) -> None:
    """Or what happened to a car could be applied in another order than it was delivered."""
    running.deliver("a", "b", "b", "c", "d", "e")

    async with running.started():
        assert running.begun == ["ab"]

        await running.end("ab")
        assert running.begun == ["ab", "bc", "de"]


async def test_what_is_no_event_shares_no_car_with_anything(running: Gated) -> None:
    running.deliver("a", body=b"?")
    running.deliver("a")
    running.deliver("b", body=b"?")
    running.deliver("b")

    async with running.started():
        assert running.begun == ["?a", "?b"]


async def test_suspects_wait_for_all_that_is_under_way_and_nothing_begins_beside_them(
    running: Gated,
) -> None:
    running.deliver("a", "b", "c", "d")

    async with running.started():
        running.deliver("s", deliveries_before=2)
        running.deliver("e", "f")
        await running.end("ab")
        assert running.begun == ["ab", "cd"]

        await running.end("cd")
        assert running.begun == ["ab", "cd", "s"]

        await running.end("s")
        assert running.begun == ["ab", "cd", "s", "ef"]


async def test_while_most_messages_fail_a_handful_begins_at_a_time_and_alone() -> None:
    running = Gated(batch_size=2 * HANDFUL)
    running.deliver(*"abcdefghij", "j", *"klmnopqrstuvwxyz")

    async with running.started():
        assert running.begun == ["abcdefghij"]
        running.hold(*"12345", result=OURS)

        await running.end("abcdefghij")
        assert running.begun == ["abcdefghij", "jklmn"]

        await running.end("jklmn")
        assert running.begun == ["abcdefghij", "jklmn", "opqrs"]


async def test_suspects_that_were_held_wait_for_what_is_under_way() -> None:
    running = Gated(batch_size=HANDFUL)
    running.deliver(*"vwxyz", deliveries_before=2)
    running.deliver(*"abcde")

    async with running.started():
        running.hold(*"vwxyz", result=OURS, deliveries_before=2)
        await running.end("vwxyz")
        assert running.begun == ["vwxyz", "abcde"]
        running.hold(*"abcde", result=Outcome.APPLIED)
        running.deliver(*"fghij")
        await turns()
        assert running.begun == ["vwxyz", "abcde"]

        await running.end("abcde")
        assert running.begun[2] == "vwxyz"


async def test_batches_go_on_that_may_begin_again_before_the_last_one_ended(
    running: Gated,
) -> None:
    """As after a pause that was shorter than a batch."""
    running.deliver("a", "b")

    async with running.started() as run:
        running.batching.finish()
        await turns()
        running.batching.begin()
        running.deliver("c", "d")
        await running.end("ab")

        assert running.begun == ["ab", "cd"]
        assert not run.done()


async def test_those_under_way_are_finished_and_none_begins(running: Gated) -> None:
    running.deliver("a", "b", "c", "d", "e", "f")

    async with running.started() as run:
        running.batching.finish()
        await running.end("ab")
        assert not run.done()

        await running.end("cd")
        assert run.done()
    assert running.begun == running.ended == ["ab", "cd"]


async def test_a_batch_that_waits_for_its_car_at_the_end_is_not_begun(running: Gated) -> None:
    running.deliver("a", "b", "b", "c")

    async with running.started():
        running.batching.finish()
        await running.end("ab")

    assert running.begun == ["ab"]


async def test_a_bug_in_one_batch_ends_all_in_its_own_words(running: Gated) -> None:
    running.deliver("a", "b", "c", "d")
    bug = ZeroDivisionError("a bug")
    bug.__cause__ = KeyError("why")

    async with running.started() as run:
        await running.fail("cd", bug)

        assert running.cancelled == ["ab"]
        with pytest.raises(ZeroDivisionError, match="a bug") as raised:
            run.result()
        assert isinstance(raised.value.__cause__, KeyError)


async def test_a_batch_that_something_cancels_does_not_end_unnoticed(running: Gated) -> None:
    """Its messages would stay in hand for good."""
    running.deliver("a", "b", "c", "d")

    async with running.started() as run:
        await running.fail("ab", asyncio.CancelledError())

        assert run.done()
        with pytest.raises(RuntimeError, match="something cancelled a batch"):
            run.result()


async def test_suspects_that_something_cancels_do_not_end_unnoticed(running: Gated) -> None:
    running.deliver("s", deliveries_before=2)

    async with running.started() as run:
        await running.fail("s", asyncio.CancelledError())

        assert run.done()
        with pytest.raises(RuntimeError, match="something cancelled a batch"):
            run.result()


async def test_whoever_cancels_the_batches_cancels_those_under_way(running: Gated) -> None:
    running.deliver("a", "b", "c", "d")

    async with running.started() as run:
        run.cancel()
        await turns()

    assert sorted(running.cancelled) == ["ab", "cd"]
    assert run.cancelled()
