from tests.cluster.postgresql_fixtures import one_rabbitmq, pair, pair_drill  # noqa: F401 - fixtures
from tests.faults.conftest import (  # noqa: F401 - fixtures and hooks
    full,
    pytest_addoption,
    pytest_terminal_summary,
    seed,
)
