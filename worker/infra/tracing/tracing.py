"""Traces, if the standard OTEL_* variables enable them; otherwise the SDK is not imported."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from worker.infra.durations import Durations
from worker.infra.tracing.batch_steps import NoTracing, Tracing, TracingError


@asynccontextmanager
async def tracing(
    environ: Mapping[str, str], engine: AsyncEngine, durations: Durations
) -> AsyncIterator[Tracing]:
    """Traces while the context is entered, and sends the remaining spans at its end.

    Raises:
        TracingError: the SDK is not installed, or refuses what the variables ask for.
    """
    if not is_asked_for(environ):
        yield NoTracing()
        return
    try:
        from worker.infra.tracing.sdk import start_provider  # noqa: PLC0415 - as above
        from worker.infra.tracing.spans import BatchTracing  # noqa: PLC0415 - 15 MB and 0.1 s
        from worker.infra.tracing.statements import trace_statements  # noqa: PLC0415 - as above
    except ModuleNotFoundError as missing:
        raise TracingError(
            f"OTEL_* variables ask for traces, but {missing.name} is not installed: "
            "install inventory-worker[otel], or unset them"
        ) from None
    try:
        provider = start_provider(environ)
    except ValueError as refused:
        raise TracingError(f"OTEL_* variables: {refused}") from None
    tracer = provider.get_tracer("inventory-worker")
    trace_statements(engine, tracer)
    try:
        yield BatchTracing(tracer)
    finally:
        await _end(provider.shutdown, durations.last_spans)


async def _end(shutdown: Callable[[], None], seconds: float) -> None:
    """Sends the last spans with a time limit: an unavailable collector would take 30 s."""
    thread = threading.Thread(target=shutdown, daemon=True)
    thread.start()
    await asyncio.to_thread(thread.join, seconds)


def is_asked_for(environ: Mapping[str, str]) -> bool:
    """Whether traces are enabled; unlike the specification, off if no variable is set.

    https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
    """
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if exporter := environ.get("OTEL_TRACES_EXPORTER"):
        return exporter != "none"
    endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return any(environ.get(name) for name in endpoints)
