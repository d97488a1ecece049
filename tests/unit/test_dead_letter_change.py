import asyncio
from typing import cast

import pytest

from worker.dead_letters.change import Change
from worker.dead_letters.errors import ClaimedError
from worker.dead_letters.progress import Progress
from worker.infra.db.repositories.dead_letter_audit import PostgresDeadLetterAudit


class Audit(PostgresDeadLetterAudit):
    """Notes how a change ended."""

    def __init__(self, done: int) -> None:
        self.id = 7
        self.done = done
        self.ended: tuple[str, str] | None = None
        self.is_away = False

    async def finish(self, status: str, detail: str = "") -> None:
        if self.is_away:
            raise OSError("gone")
        self.ended = (status, detail)


def change(*, done: int, why_stopped: str = "", stopped: bool = False) -> tuple[Change, Audit]:
    audit, stop = Audit(done), asyncio.Event()
    if stopped:
        stop.set()
    begun = Change("replayed", 3, audit, cast("Progress", None), stop, why_stopped)
    return begun, audit


GONE = "the others are no longer there, or somebody else holds them"


@pytest.mark.parametrize(
    ("done", "why", "stopped", "ended"),
    [
        (3, "", False, ("done", "")),
        (2, "", False, ("stopped", GONE)),
        (2, "the canary failed", False, ("stopped", "the canary failed")),
        (3, "the canary failed", False, ("stopped", "the canary failed")),
        (2, "", True, ("stopped", "stopped by a signal")),
        (2, "the canary failed", True, ("stopped", "the canary failed")),
    ],
)
async def test_the_audit_says_whether_all_was_done_and_why_not(
    done: int, why: str, stopped: bool, ended: tuple[str, str]
) -> None:
    begun, audit = change(done=done, why_stopped=why, stopped=stopped)

    await begun.finish()

    assert audit.ended == ended
    assert begun.report().why_stopped == ended[1]
    assert (begun.report().done, begun.report().selected, begun.report().audit_id) == (done, 3, 7)


async def test_an_error_that_can_be_explained_is_the_reason() -> None:
    begun, audit = change(done=1)

    assert await begun.fail(ClaimedError("somebody", None))

    assert audit.ended is not None
    assert audit.ended[0] == "failed"
    assert audit.ended[1].startswith("somebody has been changing the dead letters")


async def test_a_bug_is_named_by_its_kind_alone() -> None:
    begun, audit = change(done=1)

    assert not await begun.fail(ZeroDivisionError("a secret"))

    assert audit.ended == ("failed", "ZeroDivisionError")


async def test_a_database_that_is_away_keeps_no_error_from_being_told() -> None:
    begun, audit = change(done=1)
    audit.is_away = True

    assert await begun.fail(OSError("the network is down"))

    assert (audit.ended, begun.why_stopped) == (None, "the network is down")
