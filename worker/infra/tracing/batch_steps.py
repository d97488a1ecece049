"""The two steps of a batch that can be traced, and what leaves them as they are."""

from typing import Protocol

from typing_extensions import override

from worker.infra.messaging.consuming.batch_handler import Apply, Settles


class TracingError(Exception):
    """The OTEL_* variables ask for something that is not supported or not installed."""


class Tracing(Protocol):
    """Wraps the two steps of a batch in spans."""

    def applying(self, apply: Apply) -> Apply:
        """Wraps the transaction."""
        ...

    def settling(self, settler: Settles) -> Settles:
        """Wraps the settling of each message."""
        ...


class NoTracing(Tracing):
    """Returns its arguments unchanged, without cost per batch."""

    @override
    def applying(self, apply: Apply) -> Apply:
        return apply

    @override
    def settling(self, settler: Settles) -> Settles:
        return settler
