import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from dev.servers import Servers
from dev.servers.ports import free_port
from dev.worker_process import WorkerProcess, wait_until
from tests.conftest import ROOT, StartWorker, run_command
from tests.support.broker import Broker
from tests.support.car_events import of_a_type_to_come
from tests.support.histories import CREATED, random_history

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT_ID = "b7ad6b7169203331"
TRACE_PARENT = f"00-{TRACE_ID}-{PARENT_ID}-01"
CONSOLE = {"OTEL_TRACES_EXPORTER": "console", "WORKER_RETRY_DELAYS": "100ms"}
AT_MOST_SECONDS = 10
"""For the last spans we wait 3; a collector that is away would be given 30 by the SDK."""

Span = dict[str, Any]


def _printed_spans(worker: WorkerProcess) -> list[Span]:
    worker.end_in_good_order()
    return [json.loads(line) for line in worker.log.splitlines() if line.startswith('{"name"')]


async def test_a_message_goes_on_in_its_publishers_trace_linked_to_the_transaction(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(**CONSOLE)
    [event] = random_history(random.Random(1), cars=1, events=1, prefix="traced-")

    await broker.publish([event], traceparent=TRACE_PARENT)
    worker.wait_results(1)

    spans = _printed_spans(worker)
    [message] = [span for span in spans if span["name"] == f"process {CREATED}"]
    [transaction] = [span for span in spans if span["name"] == "apply batch"]
    assert message["context"]["trace_id"] == f"0x{TRACE_ID}"
    assert message["parent_id"] == f"0x{PARENT_ID}"
    assert [link["context"] for link in message["links"]] == [transaction["context"]]
    assert message["attributes"]["messaging.message.id"] == event.message_id
    assert message["attributes"]["inventory.outcome"] == "applied"
    assert message["resource"]["attributes"]["service.name"] == "inventory-worker"


async def test_the_statements_of_a_transaction_are_spans_without_parameters(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(**CONSOLE)
    await broker.publish(random_history(random.Random(1), cars=1, events=1, prefix="traced-"))
    worker.wait_results(1)

    spans = _printed_spans(worker)

    [transaction] = [span for span in spans if span["name"] == "apply batch"]
    statements = [span for span in spans if "db.query.text" in span["attributes"]]
    assert {span["name"] for span in statements} == {"SELECT", "INSERT"}
    assert {span["parent_id"] for span in statements} == {transaction["context"]["span_id"]}
    assert not any("traced-" in span["attributes"]["db.query.text"] for span in statements)


async def test_each_attempt_of_a_failing_message_is_a_failed_span_of_one_trace(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(**CONSOLE)

    await broker.publish([of_a_type_to_come()], traceparent=TRACE_PARENT)
    worker.wait_results(1)

    attempts = [span for span in _printed_spans(worker) if span["name"] == "process invalid"]
    assert [span["status"] for span in attempts] == [
        {"status_code": "ERROR", "description": "unknown-type"}
    ] * 2
    assert {span["context"]["trace_id"] for span in attempts} == {f"0x{TRACE_ID}"}


async def test_spans_are_sent_by_otlp_under_the_name_that_is_configured(
    start_worker: StartWorker, broker: Broker
) -> None:
    with _collector() as (endpoint, received):
        worker = start_worker(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_SERVICE_NAME="my-worker")
        await broker.publish(random_history(random.Random(1), cars=1, events=1, prefix="sent-"))
        worker.wait_results(1)
        worker.end_in_good_order()

    resources = [spans for request in received for spans in request.resource_spans]
    names = {span.name for one in resources for s in one.scope_spans for span in s.spans}
    [service] = {
        attribute.value.string_value
        for one in resources
        for attribute in one.resource.attributes
        if attribute.key == "service.name"
    }
    assert {"apply batch", f"process {CREATED}"} <= names
    assert service == "my-worker"


async def test_a_collector_that_is_away_holds_up_neither_messages_nor_the_end(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}",
        OTEL_BSP_SCHEDULE_DELAY="50",
        WORKER_LOG_FORMAT="json",
    )
    history = random_history(random.Random(1), cars=10, events=10, prefix="away-")
    await broker.publish(history)
    worker.wait_results(len(history))
    wait_until(lambda: "exporting" in worker.log)

    began = time.monotonic()
    assert worker.terminate() == 0

    assert time.monotonic() - began < AT_MOST_SECONDS
    assert worker.log.count("encountered while exporting") == 1
    assert "Traceback" not in worker.log


def test_nothing_of_opentelemetry_is_loaded_unless_asked_for() -> None:
    loaded = "[name for name in sys.modules if name.startswith('opentelemetry.')]"
    code = f"import sys, worker.composition.worker; print({loaded})"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout == "['opentelemetry.semconv']\n", "FastStream looks for this one"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("OTEL_TRACES_EXPORTER", "jaeger"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
)
def test_an_exporter_that_we_do_not_have_is_one_line(
    variable: str, value: str, empty: Servers
) -> None:
    asked = {"OTEL_TRACES_EXPORTER": "otlp", variable: value}

    done = run_command(empty, "run", **asked)

    assert done.returncode == 2
    assert done.stderr.startswith(f"inventory-worker: {variable} is '{value}', allowed")
    assert len(done.stderr.splitlines()) == 1


def test_a_limit_that_the_sdk_refuses_is_one_line(empty: Servers) -> None:
    asked = {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_BSP_MAX_QUEUE_SIZE": "100"}

    done = run_command(empty, "run", **asked)

    assert done.returncode == 2
    assert done.stderr.startswith("inventory-worker: OTEL_* variables: ")
    assert len(done.stderr.splitlines()) == 1


@contextmanager
def _collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """Takes spans as an OpenTelemetry collector does, over HTTP on this machine."""
    received: list[ExportTraceServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """The test looks at what came."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", received
        server.shutdown()
        thread.join()
