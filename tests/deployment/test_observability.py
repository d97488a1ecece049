import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployment.files import OBSERVABILITY, read_yaml, tool
from tests.support.all_metrics import all_metrics
from worker.infra.messaging.names import DEAD_LETTER_QUEUE, MAIN_QUEUE, retry_queue
from worker.infra.messaging.retry_delays import parse_retry_delays

OF_THE_BROKER = {
    "rabbitmq_detailed_queue_messages",
    "rabbitmq_detailed_queue_messages_ready",
    "rabbitmq_detailed_queue_messages_unacked",
    "rabbitmq_detailed_queue_consumers",
}
"""From RabbitMQ's /metrics/detailed, the families of prometheus.yml, as 3.10 and 4.0 tell them."""

SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
    "info": ("_info",),
}
RULES: list[dict[str, Any]] = read_yaml(OBSERVABILITY / "alerts.yml")["groups"][0]["rules"]
ALERTS = {rule["alert"]: rule for rule in RULES}
ALERT_TESTS: list[dict[str, Any]] = read_yaml(OBSERVABILITY / "alerts_test.yml")["tests"]
DASHBOARDS = OBSERVABILITY / "grafana" / "dashboards"
DASHBOARD: dict[str, Any] = json.loads((DASHBOARDS / "inventory-worker.json").read_text())


def dashboard_queries() -> dict[str, str]:
    return {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in DASHBOARD["panels"]
        for target in panel.get("targets", [])
    }


QUERIES = {**{name: rule["expr"] for name, rule in ALERTS.items()}, **dashboard_queries()}


def series_of_the_worker() -> Iterator[str]:
    for family in all_metrics().registry.collect():
        for suffix in SUFFIXES[family.type]:
            yield family.name + suffix


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_names_metrics_that_exist(name: str) -> None:
    named = set(re.findall(r"\b(?:inventory_worker|rabbitmq)_\w+", QUERIES[name]))
    assert named
    assert named <= OF_THE_BROKER | set(series_of_the_worker())


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_names_queues_that_exist(name: str) -> None:
    queues = {MAIN_QUEUE, DEAD_LETTER_QUEUE, *map(retry_queue, parse_retry_delays("5s,30s,2m"))}
    for exactly in re.findall(r'queue="([^"]+)"', QUERIES[name]):
        assert exactly in queues
    for pattern in re.findall(r'queue=~"([^"]+)"', QUERIES[name]):
        assert any(re.fullmatch(pattern, queue) for queue in queues)


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_says_how_bad_it_is_and_what_to_do(alert: str) -> None:
    assert ALERTS[alert]["labels"]["severity"] in {"critical", "warning"}
    assert ALERTS[alert]["annotations"].keys() == {"summary", "description"}


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_is_tried_both_ways(alert: str) -> None:
    expected = [
        bool(check.get("exp_alerts"))
        for test in ALERT_TESTS
        for check in test["alert_rule_test"]
        if check["alertname"] == alert
    ]
    assert set(expected) == {True, False}


def test_the_dashboard_is_found_and_asks_the_provisioned_source() -> None:
    (provider,) = read_yaml(
        OBSERVABILITY / "grafana" / "provisioning" / "dashboards" / "inventory-worker.yml"
    )["providers"]
    (source,) = read_yaml(
        OBSERVABILITY / "grafana" / "provisioning" / "datasources" / "prometheus.yml"
    )["datasources"]
    variables = {v["name"]: v for v in DASHBOARD["templating"]["list"]}
    assert provider["options"]["path"] == "/etc/grafana/dashboards"
    assert variables["datasource"]["current"]["value"] == source["uid"]
    sources = {panel["datasource"]["uid"] for panel in DASHBOARD["panels"] if "targets" in panel}
    assert sources == {"${datasource}"}


def test_the_panels_of_the_dashboard_have_ids_and_places_of_their_own() -> None:
    panels = DASHBOARD["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def assert_promtool_accepts(*arguments: str | Path) -> None:
    done = subprocess.run(
        [tool("promtool"), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.needs_tools
def test_prometheus_accepts_its_configuration() -> None:
    assert_promtool_accepts("check", "config", OBSERVABILITY / "prometheus.yml")


@pytest.mark.needs_tools
def test_the_alerts_fire_when_they_should() -> None:
    assert_promtool_accepts("test", "rules", OBSERVABILITY / "alerts_test.yml")


@pytest.mark.needs_tools
def test_prometheus_understands_every_query_of_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": _without_variables(query)}
        for number, query in enumerate(dashboard_queries().values())
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert_promtool_accepts("check", "rules", file)


def _without_variables(query: str) -> str:
    return query.replace("$__rate_interval", "5m").replace("$instance", ".*")
