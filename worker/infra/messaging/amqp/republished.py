"""The properties of a message's next copy: the publisher's where safe, plus our headers."""

from collections.abc import Iterator

from pamqp import encode
from pamqp.commands import Basic
from pamqp.common import FieldTable, FieldValue

from worker.infra.messaging.headers import NO_MESSAGE_ID, OURS

LARGEST_HEADERS_BYTES = 64 * 1024
"""Headers must fit one frame (128 KiB by default), or the broker closes the connection."""

DROPPED_HEADERS = "x-dropped-headers"
"""Lists the publisher's headers and properties that were left out."""

_LONGEST_NAMES = 1024
_LONGEST_KEY_BYTES = 128
"""AMQP's limit for header names: pamqp cuts longer ones, RabbitMQ lets them through."""

_LENGTH_BYTES = 4  # the length at the start of a table
_PERSISTENT = 2
_MOVED_PROPERTIES = ("expiration", "user_id", "reply_to")
"""Left out because they would act on the copy: it could expire, be refused, or be replied to."""

_MOVED_HEADERS = ("CC", "BCC")  # each would copy the message elsewhere again
_STRIPPED_PREFIXES = (
    *("x-death", "x-first-death-", "x-last-death-"),
    *("x-delivery-count", "x-acquired-count"),  # the second since RabbitMQ 4.3
)
_KEPT_PROPERTIES = (
    "content_type",
    "content_encoding",
    "priority",
    "correlation_id",
    "message_id",
    "timestamp",
    "message_type",
    "app_id",
)


def republished_properties(
    properties: Basic.Properties, bookkeeping: FieldTable
) -> Basic.Properties:
    """The properties of the next copy; they can be encoded, and `bookkeeping` always fits."""
    kept = {name: getattr(properties, name) for name in _KEPT_PROPERTIES}
    dropped = [name for name, value in kept.items() if not _size({"": value})]
    kept |= dict.fromkeys(dropped)
    theirs = properties.headers or {}
    ours = {name: value for name, value in bookkeeping.items() if _size({name: value})}
    if not kept["message_id"] or NO_MESSAGE_ID in theirs:
        kept["message_id"], ours[NO_MESSAGE_ID] = None, True
    headers = _fitting({**dict(_kept(theirs)), **dict(_moved(properties))}, ours, dropped)
    if names := _names(theirs.get(DROPPED_HEADERS), dropped):
        headers[DROPPED_HEADERS] = names
    return Basic.Properties(**kept, delivery_mode=_PERSISTENT, headers={**headers, **ours})


def _kept(headers: FieldTable) -> Iterator[tuple[str, FieldValue]]:
    for name, value in headers.items():
        if (
            name not in OURS
            and name not in _MOVED_HEADERS
            and name not in {NO_MESSAGE_ID, DROPPED_HEADERS}
            and not name.startswith(_STRIPPED_PREFIXES)
        ):
            yield name, value


def _moved(properties: Basic.Properties) -> Iterator[tuple[str, FieldValue]]:
    for name in _MOVED_PROPERTIES:
        value = getattr(properties, name)
        if value:
            yield f"x-original-{name.replace('_', '-')}", value
    for name in _MOVED_HEADERS:
        if name in (properties.headers or {}):
            yield f"x-original-{name.lower()}", (properties.headers or {})[name]


def _fitting(theirs: FieldTable, ours: FieldTable, dropped: list[str]) -> FieldTable:
    """Keeps their headers, smallest first, up to the limit; adds the others to `dropped`."""
    room = LARGEST_HEADERS_BYTES - _size({**ours, DROPPED_HEADERS: "." * _LONGEST_NAMES})
    sizes = {name: _size({name: value}) for name, value in theirs.items()}
    fitting: FieldTable = {}
    for name in sorted(theirs, key=lambda name: (sizes[name], name)):
        if 0 < sizes[name] <= room:
            room -= sizes[name]
            fitting[name] = theirs[name]
        else:
            dropped.append(name)
    return fitting


def _names(dropped_before: FieldValue, dropped: list[str]) -> str:
    """Names of what this copy and the copies before it left out."""
    before = [dropped_before] if isinstance(dropped_before, str) and dropped_before else []
    now = [ascii(name)[1:-1] or "''" for name in sorted(dropped)]
    return ", ".join([*before, *now])[:_LONGEST_NAMES]


def _size(table: FieldTable) -> int:
    """Bytes on the wire, 0 for values that cannot be encoded."""
    try:
        if any(len(name.encode()) > _LONGEST_KEY_BYTES for name in table):
            return 0
        return len(encode.field_table(table)) - _LENGTH_BYTES
    except Exception:  # noqa: BLE001 - pamqp raises many kinds, and RecursionError for depth
        return 0
