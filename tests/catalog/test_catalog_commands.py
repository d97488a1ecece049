import json
import subprocess
from collections.abc import Callable

import pytest

from tests.contract.catalogs import car, in_postgres, plan
from tests.contract.mexican_catalog import MEXICAN_CARS
from worker.infra.db.engine import Sessions

InventoryWorker = Callable[..., subprocess.CompletedProcess[str]]


async def test_search_takes_every_filter(
    sessions: Sessions, inventory_worker: InventoryWorker
) -> None:
    await in_postgres(sessions, MEXICAN_CARS)
    described = ("--make", "ŠKODA", "--model", "octavia")
    ranges = ("--year-min", "2016", "--year-max", "2017")
    prices = ("--price-min", "215000", "--price-max", "232000.00")
    page = ("--limit", "1", "--offset", "1")

    done = inventory_worker("catalog", "search", *described, *ranges, *prices, *page, "--json")

    document = json.loads(done.stdout)
    assert document["total"] == 2
    assert [found["id"] for found in document["cars"]] == ["MX-CDMX-000025"]


async def test_search_prints_a_table_for_people(
    sessions: Sessions, inventory_worker: InventoryWorker
) -> None:
    await in_postgres(sessions, MEXICAN_CARS)

    done = inventory_worker("catalog", "search", "--make", "bmw")

    assert "1 of 1 cars" in done.stdout
    assert "698,000.00" in done.stdout


async def test_show_tells_which_message_set_the_price_and_when_and_lists_the_plans(
    sessions: Sessions, inventory_worker: InventoryWorker
) -> None:
    await in_postgres(sessions, [car("a")], [plan("p-2", "a"), plan("p-1", "a", months=48)])

    shown = json.loads(inventory_worker("catalog", "show", "a", "--json").stdout)

    assert shown["price_message_id"] == "m-a"
    assert shown["price_source"] == "/s"
    assert shown["price_occurred_at"] == "2026-01-01T00:00:00+00:00"
    assert shown["price_stored_at"] > shown["price_occurred_at"]
    assert [offer["id"] for offer in shown["financing_plans"]] == ["p-1", "p-2"]
    assert shown["financing_plans"][1] == {
        "id": "p-2",
        "annual_rate": "0.1499",
        "term_months": 12,
        "down_payment_mxn": "5000.00",
        "monthly_payment_mxn": "1000.50",
        "total_paid_mxn": "17006.00",
        "occurred_at": "2026-01-01T00:00:00+00:00",
        "source": "/lender",
        "message_id": "f-p-2",
    }


async def test_show_prints_the_plans_for_people(
    sessions: Sessions, inventory_worker: InventoryWorker
) -> None:
    await in_postgres(sessions, [car("a", model="GT [hybrid]")], [plan("p-1", "a")])

    shown = inventory_worker("catalog", "show", "a").stdout

    for expected in ("GT [hybrid]", "m-a", "1 financing plans", "14.99%", "17,006.00"):
        assert expected in shown


async def test_a_car_that_is_not_there_is_a_failure_in_one_line(
    sessions: Sessions,  # noqa: ARG001 - asked for because it empties the tables
    inventory_worker: InventoryWorker,
) -> None:
    done = inventory_worker("catalog", "show", "MX-1", "--json")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "inventory-worker: no car 'MX-1' in the catalog\n"


async def test_stats_summarize_each_group(
    sessions: Sessions, inventory_worker: InventoryWorker
) -> None:
    await in_postgres(sessions, MEXICAN_CARS)

    done = inventory_worker("catalog", "stats", "--by", "model", "--make", "seat", "--json")

    groups = {group["id"]: group for group in json.loads(done.stdout)}
    assert list(groups) == ["seat/arona", "seat/ibiza", "seat/leon", "seat/león"]
    assert groups["seat/león"] == {
        "id": "seat/león",
        "make": "SEAT",
        "model": "LEÓN",
        "cars": 2,
        "lowest": "305000.00",
        "median": "347000.00",
        "mean": "347000.00",
        "highest": "389000.00",
    }


def test_a_wrong_search_names_every_problem_in_one_line(inventory_worker: InventoryWorker) -> None:
    crossed = ("--year-min", "2021", "--year-max", "2020", "--price-min", "2", "--price-max", "1")

    done = inventory_worker("catalog", "search", *crossed, "--limit", "0", "--offset", "-1")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "inventory-worker: --year-min 2021 is above --year-max 2020; --price-min 2 is above "
        "--price-max 1; --offset -1 is negative; --limit 0 is not from 1 to 200\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "--price-max", "1e5"),
        ("search", "--price-max", "NaN"),
        ("search", "--price-max", "1_000"),
        ("search", "--make", "\udcff"),
        ("search", "--year-min", "2020.5"),
        ("show", "a car"),
        ("stats", "--by", "colour"),
    ],
)
def test_what_cannot_be_read_is_wrong_usage(
    arguments: tuple[str, ...], inventory_worker: InventoryWorker
) -> None:
    done = inventory_worker("catalog", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
