import os
import subprocess
import sys
from collections.abc import Iterator

import asyncpg
import pytest

from dev.servers import ServerSet
from tests.conftest import ROOT, run_alembic

DROP = "ALTER TABLE cars DROP CONSTRAINT ck_cars_price_mxn_positive"
ADD = "ALTER TABLE cars ADD CONSTRAINT ck_cars_not_too_old CHECK (year > 1900)"
CHANGE = (
    "ALTER TABLE cars DROP CONSTRAINT ck_cars_year_from_first_car",
    "ALTER TABLE cars ADD CONSTRAINT ck_cars_year_from_first_car CHECK (year >= 1885)",
)


@pytest.fixture
def database_url(server_set: ServerSet) -> Iterator[str]:
    """A fresh database, migrated."""
    with server_set.fresh_database("constraints") as url:
        run_alembic(url, "upgrade", "head")
        yield url


def compare(database_url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dev.check_constraints"],
        env={**os.environ, "DATABASE_URL": database_url},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_the_migrations_make_the_check_constraints_of_the_models(database_url: str) -> None:
    done = compare(database_url)

    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        pytest.param(
            [DROP],
            "cars: ck_cars_price_mxn_positive is in worker/infra/db/models/, "
            "not in alembic/versions/: CHECK ((price_mxn > (0)::numeric))\n",
            id="one that only the models have",
        ),
        pytest.param(
            [ADD],
            "cars: ck_cars_not_too_old is in alembic/versions/, "
            "not in worker/infra/db/models/: CHECK ((year > 1900))\n",
            id="one that only the migrations have",
        ),
        pytest.param(
            CHANGE,
            "cars: ck_cars_year_from_first_car is CHECK ((year >= 1886)) in "
            "worker/infra/db/models/, CHECK ((year >= 1885)) in alembic/versions/\n",
            id="one that they say differently",
        ),
    ],
)
async def test_a_check_constraint_that_they_do_not_share_is_named(
    statements: list[str], says: str, database_url: str
) -> None:
    connection = await asyncpg.connect(database_url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()

    done = compare(database_url)

    assert (done.stderr, done.returncode) == (says, 1)
