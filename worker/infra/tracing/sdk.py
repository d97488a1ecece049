"""Sets up the SDK, which reads sampler, headers, limits and the like from OTEL_* itself."""

import sys
from collections.abc import Mapping

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SpanExporter,
)

from worker import __version__
from worker.infra.tracing.batch_steps import TracingError


def start_provider(environ: Mapping[str, str]) -> TracerProvider:
    """Starts sending spans from a separate thread; spans that do not fit its queue are dropped.

    Raises:
        TracingError: OTEL_TRACES_EXPORTER or the protocol is not supported.
    """
    ours = Resource.create({"service.name": "inventory-worker", "service.version": __version__})
    provider = TracerProvider(
        resource=ours.merge(OTELResourceDetector().detect()), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(_exporter(environ)))
    return provider


def _exporter(environ: Mapping[str, str]) -> SpanExporter:
    name = environ.get("OTEL_TRACES_EXPORTER", "otlp")
    if name == "console":
        return ConsoleSpanExporter(out=sys.stdout, formatter=_one_line)
    if name != "otlp":
        raise TracingError(f"OTEL_TRACES_EXPORTER is {name!r}, allowed are otlp, console, none")
    protocol = environ.get(
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    )
    if protocol not in {None, "", "http/protobuf"}:
        raise TracingError(f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}, allowed is http/protobuf")
    return OTLPSpanExporter()


def _one_line(span: ReadableSpan) -> str:
    return f"{span.to_json(indent=None)}\n"
