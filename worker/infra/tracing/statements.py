"""A span for each statement of a traced transaction; never its parameters."""

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, get_current_span
from sqlalchemy import Connection, ExceptionContext, event
from sqlalchemy.ext.asyncio import AsyncEngine

_SPAN = "span of the statement"


def trace_statements(engine: AsyncEngine, tracer: Tracer) -> None:
    """Adds a span for each statement of the engine inside a traced transaction."""

    def begin(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if get_current_span().is_recording():
            connection.info[_SPAN] = tracer.start_span(
                statement.split(maxsplit=1)[0],
                kind=SpanKind.CLIENT,
                attributes={"db.system.name": "postgresql", "db.query.text": statement},
            )

    def end(connection: Connection, *_: object) -> None:
        span = connection.info.pop(_SPAN, None)
        if isinstance(span, Span):
            span.end()

    def fail(context: ExceptionContext) -> None:
        span = context.connection.info.pop(_SPAN, None) if context.connection else None
        if isinstance(span, Span):
            span.set_status(Status(StatusCode.ERROR, type(context.original_exception).__name__))
            span.end()

    event.listen(engine.sync_engine, "before_cursor_execute", begin)
    event.listen(engine.sync_engine, "after_cursor_execute", end)
    event.listen(engine.sync_engine, "handle_error", fail)
