"""A span for each batch's transaction, and one for each message in its publisher's trace."""

from collections.abc import Sequence
from contextvars import ContextVar
from time import time_ns
from typing import NamedTuple

from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from typing_extensions import override

from worker.application.batch import Content, DeadLetterOf
from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure, Result
from worker.infra.messaging.consuming.batch_handler import Apply, Settles
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.names import MAIN_QUEUE
from worker.infra.tracing.batch_steps import Tracing

_propagator = TraceContextTextMapPropagator()


class _Applied(NamedTuple):
    """The last attempt at the transaction of a batch."""

    transaction: SpanContext
    began_ns: int


_applied: ContextVar[_Applied | None] = ContextVar("applied", default=None)
"""Of the current task, because two batches may be under way."""


class BatchTracing(Tracing):
    """Traces batches; the one that a task settles is the last one that it applied.

    Attributes follow OpenTelemetry's conventions for messaging where these define a name.
    https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @override
    def applying(self, apply: Apply) -> Apply:
        """Adds a span for each attempt; messages are linked to the last one."""

        async def apply_traced(
            batch: Sequence[Content], dead_letter_of: DeadLetterOf
        ) -> list[Result]:
            began_ns = time_ns()
            attributes = {"messaging.batch.message_count": len(batch)}
            with self._tracer.start_as_current_span("apply batch", attributes=attributes) as span:
                _applied.set(_Applied(span.get_span_context(), began_ns))
                return await apply(batch, dead_letter_of)

        return apply_traced

    @override
    def settling(self, settler: Settles) -> Settles:
        return _TracedSettler(self, settler)

    def trace_messages(self, settled: Sequence[tuple[Received, Result]]) -> None:
        """Adds a span for each message, linked to the transaction that it was part of, if any."""
        now_ns = time_ns()
        applied = _applied.get()
        links = [Link(applied.transaction)] if applied else []
        began_ns = applied.began_ns if applied else now_ns
        _applied.set(None)
        for received, result in settled:
            span = self._tracer.start_span(
                f"process {received.type}",
                context=_propagator.extract(_text_headers(received)),
                kind=SpanKind.CONSUMER,
                attributes=_attributes(received, result),
                links=links if isinstance(received.content, CommandMessage) else (),
                start_time=began_ns,
            )
            if isinstance(result, Failure):
                span.set_status(Status(StatusCode.ERROR, str(result.code)))
            span.end(now_ns)


class _TracedSettler(Settles):
    def __init__(self, tracing: BatchTracing, settler: Settles) -> None:
        self._tracing = tracing
        self._settler = settler

    @override
    def settle(self, settled: Sequence[tuple[Received, Result]]) -> None:
        self._tracing.trace_messages(settled)
        self._settler.settle(settled)

    @override
    async def settle_failure(self, received: Received, failure: Failure) -> bool:
        self._tracing.trace_messages([(received, failure)])
        return await self._settler.settle_failure(received, failure)


def _text_headers(received: Received) -> dict[str, str]:
    headers = received.delivery.message.headers
    return {name: value for name, value in headers.items() if isinstance(value, str)}


def _attributes(received: Received, result: Result) -> dict[str, str]:
    outcome = str(result.code) if isinstance(result, Failure) else str(result)
    told = {
        "messaging.system": "rabbitmq",
        "messaging.operation.type": "process",
        "messaging.destination.name": MAIN_QUEUE,
        "messaging.message.id": received.delivery.message.properties.message_id,
        "inventory.car_id": received.car_id,
        "inventory.outcome": outcome,
    }
    return {name: value for name, value in told.items() if value}
