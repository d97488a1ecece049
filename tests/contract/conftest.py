from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from tests.contract.catalogs import in_memory, in_postgres
from worker.domain.ports.catalog_repository import CatalogRepository

CatalogOf = Callable[..., Awaitable[CatalogRepository]]


@pytest.fixture(params=["in memory", pytest.param("in postgres", marks=pytest.mark.needs_servers)])
def catalog_of(request: pytest.FixtureRequest) -> CatalogOf:
    """Makes a repository that holds the given cars and plans."""
    if request.param == "in memory":
        return in_memory
    return partial(in_postgres, request.getfixturevalue("sessions"))
