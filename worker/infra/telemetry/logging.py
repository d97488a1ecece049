"""Configures logging to stderr, as text or JSON."""

import logging
import sys
from collections.abc import Callable
from functools import partial
from typing import Literal

import structlog

from worker.infra.one_line import without_addresses
from worker.infra.printable import printable
from worker.infra.telemetry.quiet_libraries import QuietLibraries


def configure_logging(level: str, format_: Literal["console", "json"]) -> None:
    """Sets up structlog, and the libraries' loggers from level warning on."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        partial(_each_text, without_addresses),
        *([] if format_ == "json" else [partial(_each_text, printable)]),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if format_ == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.addFilter(QuietLibraries())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("worker").setLevel(level.upper())
    for library in ("aiormq", "aio_pika"):  # the worker logs these problems itself, once
        logging.getLogger(library).setLevel(logging.CRITICAL)


def _each_text(
    change: Callable[[str], str],
    _logger: object,
    _method: str,
    event: structlog.typing.EventDict,
) -> structlog.typing.EventDict:
    return {k: change(v) if isinstance(v, str) else v for k, v in event.items()}
