import re

from tests.conftest import ROOT
from worker.infra.telemetry.metrics import Metrics

PAGE = (ROOT / "docs" / "operations.md").read_text()


class _NoPool:
    def checkedout(self) -> int:
        return 0

    def checkedin(self) -> int:
        return 0


def test_the_page_for_operators_names_every_metric_and_no_other() -> None:
    metrics = Metrics()
    metrics.watch_pool(_NoPool)

    families = metrics.registry.collect()

    suffixes = {"counter": "_total", "info": "_info"}
    exposed = {family.name + suffixes.get(family.type, "") for family in families}
    assert set(re.findall(r"^\| `(inventory_worker_\w+)`", PAGE, re.MULTILINE)) == exposed
