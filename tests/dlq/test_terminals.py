"""Tables in terminals, with the widest data that the contract allows: nothing is cut."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rich.cells import cell_len

from dev.servers import Servers
from tests.contract.catalogs import in_postgres
from tests.dlq.conftest import Dlq
from tests.dlq.dead_letters import DeadLetterQueue, price_changes
from tests.support.histories import CHANGED, OFFERED, Event
from tests.support.terminals import Screen, run_in_terminal, squeeze
from worker.domain.entities.car import Car, ListingObservation, PriceObservation
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.value_objects.financing_terms import FinancingTerms
from worker.infra.db.engine import Sessions

WIDTHS = pytest.mark.parametrize("columns", [80, 120, 200])

CAR, PLAN = "C" * 64, "P" * 64
MESSAGE, SOURCE = "m" * 255, "/" + "s" * 254
MAKE, MODEL = "車" * 80, "型" * 80
MOST = Decimal("9999999999.99")
CODE, DETAIL = "redelivered-too-often", "delivered five times, " + "d" * 300
WHO = "a.name@a-long-domain.example " * 4
EARLY = datetime(1900, 1, 1, tzinfo=UTC)


def letter() -> Event:
    data = {"car_id": CAR, "price_mxn": str(MOST), "occurred_at": EARLY.isoformat()}
    return Event(OFFERED, SOURCE, MESSAGE, data)


@WIDTHS
async def test_tables_of_dead_letters_fit_and_say_everything(
    columns: int, dead_letters: DeadLetterQueue, empty: Servers, dlq: Dlq
) -> None:
    await dead_letters.lay([letter()], CODE, x_error_detail=DETAIL)
    for command, in_the_row in (
        ("dlq list", [CODE, OFFERED, "1"]),
        (f"dlq show {MESSAGE}", [CODE]),
        (f"message {MESSAGE}", ["dead", "2026-01-31 02:50:00Z"]),
    ):
        screen = run_in_terminal(empty, columns, *command.split())

        _check(screen, columns, MESSAGE, CODE, DETAIL)
        assert any(all(text in line for text in in_the_row) for line in screen.lines), screen

    rehearsed = run_in_terminal(empty, columns, "dlq", "replay", "--all", "--dry-run")
    _check(rehearsed, columns, MESSAGE, "would fail again", "invalid-event")

    chosen = ("--id", MESSAGE, "--code", CODE, "--type", OFFERED)
    assert dlq("replay", *chosen, "--by", WHO).returncode == 0
    audited = run_in_terminal(empty, columns, "dlq", "audit")
    _check(audited, columns, WHO, MESSAGE, f'code="{CODE}"', OFFERED)
    assert any("replay" in line and "done" in line for line in audited.lines), audited
    jobs = run_in_terminal(empty, columns, "dlq", "jobs")
    _check(jobs, columns, WHO, f'code="{CODE}"', OFFERED)
    assert any("replay" in line and "done" in line for line in jobs.lines), jobs


async def test_an_audit_of_usual_width_names_who_and_what_in_its_row(
    dead_letters: DeadLetterQueue, empty: Servers, dlq: Dlq
) -> None:
    await dead_letters.lay(price_changes(5))
    assert dlq("replay", "--code", "car-not-found", "--by", "ana").returncode == 0

    screen = run_in_terminal(empty, 80, "dlq", "audit")

    [row] = [line for line in screen.lines if "replay" in line]
    assert {"ana", "done", "5"} <= set(row.split())


@WIDTHS
async def test_tables_of_the_catalog_fit_and_say_everything(
    columns: int, sessions: Sessions, empty: Servers
) -> None:
    observed = PriceObservation(MOST, EARLY, SOURCE, MESSAGE)
    listed = ListingObservation(None, EARLY, SOURCE, MESSAGE)
    down, monthly = Decimal("39999999.99"), Decimal("83000000.00")
    terms = FinancingTerms(Decimal("9.9999"), 120, down, monthly, MOST)
    plan = FinancingPlan(PLAN, CAR, terms, EARLY, SOURCE, MESSAGE)
    await in_postgres(sessions, [Car(CAR, MAKE, MODEL, 2020, observed, listed)], [plan])

    for command in ("search", f"show {CAR}", "stats --by model"):
        screen = run_in_terminal(empty, columns, "catalog", *command.split())

        _check(screen, columns, MAKE, MODEL, "9,999,999,999.99")
    shown = run_in_terminal(empty, columns, "catalog", "show", CAR)
    amounts = ("39,999,999.99", "83,000,000.00", "9,999,999,999.99")
    _check(shown, columns, MESSAGE, SOURCE, PLAN, "999.99%", *amounts)


async def test_a_terminal_that_is_wide_enough_shows_what_a_pipe_gets(
    dead_letters: DeadLetterQueue, empty: Servers, dlq: Dlq
) -> None:
    await dead_letters.lay(price_changes(2))

    screen = run_in_terminal(empty, 250, "dlq", "list")

    assert [line.rstrip() for line in screen.lines] == [
        line.rstrip() for line in dlq("list").stdout.split("\n")
    ]
    assert CHANGED in screen.lines[4]


def _check(screen: Screen, columns: int, *values: str) -> None:
    assert screen.exit_code == 0, screen.lines
    assert not [line for line in screen.lines if cell_len(line) > columns]
    for value in values:
        assert squeeze(value) in screen.squeezed, screen.lines
