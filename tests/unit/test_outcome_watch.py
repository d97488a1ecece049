import asyncio
from collections.abc import Callable, Collection, Mapping

import pytest

from tests.support.letters import dead_letter
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.outcome_watch import OutcomeWatch, ReplayOutcomes, Sent


def sent(id_: str, *, digest: bytes | None = b"d", replays: int = 1) -> Sent:
    letter = dead_letter(id_)
    return Sent(id_, letter.identity, digest, letter.content_key, replays)


class World:
    """A database, as a watch asks it; `turn` runs before each question."""

    def __init__(self) -> None:
        self.recorded: dict[MessageIdentity, bytes] = {}
        self.dead: list[DeadLetter] = []
        self.asked: list[int] = []
        self.turn: Callable[[int], None] = lambda _: None
        self.stop = asyncio.Event()
        self.poll = 0.001

    async def find(self, ids: Collection[MessageIdentity]) -> Mapping[MessageIdentity, bytes]:
        self.asked.append(len(ids))
        self.turn(len(self.asked))
        return {id_: self.recorded[id_] for id_ in ids if id_ in self.recorded}

    async def find_dead(self, replays: Mapping[bytes, int]) -> dict[bytes, str]:
        return {
            letter.content_key: letter.code
            for letter in self.dead
            if letter.history.replays >= replays.get(letter.content_key, 99)
        }

    async def wait(self, *items: Sent, patience: float = 5) -> ReplayOutcomes:
        watch = OutcomeWatch(
            self.find, self.find_dead, patience=patience, poll=self.poll, stop=self.stop
        )
        async with asyncio.timeout(10):
            return await watch.wait(items)


def record(world: World, *items: Sent) -> None:
    for item in items:
        assert item.identity is not None
        world.recorded[item.identity] = b"d"


async def test_a_recorded_message_ended_well() -> None:
    world, good = World(), sent("a")
    world.turn = lambda turn: record(world, good) if turn == 3 else None

    outcomes = await world.wait(good)

    assert (outcomes.recorded, outcomes.dead_again, outcomes.unknown) == ([good], [], [])


async def test_an_id_that_was_recorded_for_another_command_is_no_outcome() -> None:
    world, other = World(), sent("a", digest=b"another")
    record(world, other)

    outcomes = await world.wait(other, patience=0.02)

    assert outcomes.unknown == [other]


async def test_a_letter_that_came_back_with_one_more_replay_is_dead_again() -> None:
    world, bad = World(), sent("a", replays=2)
    world.dead = [dead_letter("a", x_replays=2, x_error_code="too-large")]

    outcomes = await world.wait(bad)

    assert outcomes.dead_again == [(bad, "too-large")]
    assert outcomes.unknown == []


@pytest.mark.parametrize("replays", [(1, 2), (2, 1)])
async def test_of_several_with_one_content_the_one_replayed_least_counts(
    replays: tuple[int, int],
) -> None:
    world, items = World(), [sent("a", replays=count) for count in replays]
    world.dead = [dead_letter("a", x_replays=1, x_error_code="too-large")]

    outcomes = await world.wait(*items, patience=0.02)

    assert [(item.replays, code) for item, code in outcomes.dead_again] == [(1, "too-large")]
    assert outcomes.unknown == []


async def test_the_letter_that_was_replayed_and_lies_there_still_is_not_dead_again() -> None:
    world, bad = World(), sent("a", replays=2)
    world.dead = [dead_letter("a", x_replays=1), dead_letter("stranger", x_replays=9)]

    outcomes = await world.wait(bad, patience=0.02)

    assert (outcomes.dead_again, outcomes.unknown) == ([], [bad])


async def test_what_holds_no_command_is_not_asked_for() -> None:
    world = World()

    await world.wait(sent("a", digest=None), sent("b"), patience=0.02)

    assert set(world.asked) == {1}


async def test_who_is_told_to_stop_stops_waiting() -> None:
    world, waiting = World(), sent("a")
    world.turn = lambda _: world.stop.set()

    outcomes = await world.wait(waiting, patience=60)

    assert outcomes.unknown == [waiting]
    assert len(world.asked) == 1


async def test_each_outcome_renews_the_patience() -> None:
    world, items = World(), [sent(f"m-{i}") for i in range(3)]
    world.turn = lambda turn: record(world, items[turn // 3 - 1]) if turn % 3 == 0 else None
    world.poll = 0.15

    outcomes = await world.wait(*items, patience=1.2)  # shorter than 9 turns

    assert len(outcomes.recorded) == 3


@pytest.mark.parametrize("count", [1_000, 1_001])
async def test_a_thousand_are_asked_for_at_once_and_all_in_turn(count: int) -> None:
    world, items = World(), [sent(f"m-{i}") for i in range(count)]
    record(world, *items)

    outcomes = await world.wait(*items)

    assert len(outcomes.recorded) == count
    assert world.asked == [1_000] + [1] * (count - 1_000)
