import re

from tests.conftest import ROOT
from tests.support.all_metrics import all_metrics

PAGE = (ROOT / "docs" / "operations.md").read_text()


def test_the_page_for_operators_names_every_metric_and_no_other() -> None:
    families = all_metrics().registry.collect()

    suffixes = {"counter": "_total", "info": "_info"}
    exposed = {family.name + suffixes.get(family.type, "") for family in families}
    assert set(re.findall(r"^\| `(inventory_worker_\w+)`", PAGE, re.MULTILINE)) == exposed
