import re

from worker.infra.messaging.amqp.message import Message

TRACE_PARENT = "traceparent"

_VERSION_00 = re.compile(r"00-(?P<trace_id>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def read_trace_id(message: Message) -> str | None:
    """The trace id set by the publisher, None if there is none.

    https://www.w3.org/TR/trace-context/#traceparent-header
    """
    value = message.headers.get(TRACE_PARENT)
    match = _VERSION_00.fullmatch(value) if isinstance(value, str) else None
    return match["trace_id"] if match else None
