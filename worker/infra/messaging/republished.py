"""The next copy of a message: its own content, our bookkeeping, nothing that would harm it."""

from collections.abc import Iterator

from pamqp import encode
from pamqp.commands import Basic
from pamqp.common import FieldTable, FieldValue

from worker.infra.messaging.bookkeeping import NO_MESSAGE_ID, OURS

LARGEST_HEADERS_BYTES = 64 * 1024
"""Headers must fit one frame (128 KiB by default), or the connection is closed on us."""

DROPPED_HEADERS = "x-dropped-headers"
"""Names the headers of the publisher that had to be left out."""

_LONGEST_NAMES = 1024
_PERSISTENT = 2
_MOVED_PROPERTIES = ("expiration", "user_id", "reply_to")
"""Each would act on the copy: let it expire, have it refused, or answer somebody."""

_MOVED_HEADERS = ("CC", "BCC")  # each would copy the message elsewhere again
_STRIPPED_PREFIXES = ("x-death", "x-first-death-", "x-last-death-", "x-delivery-count")
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
    """The properties of the next copy; `bookkeeping` always fits."""
    kept = {name: getattr(properties, name) for name in _KEPT_PROPERTIES}
    unencodable = [name for name, value in kept.items() if not _is_encodable(value)]
    for name in unencodable:
        kept[name] = None
    ours = dict(bookkeeping)
    if kept["message_id"] is None:
        ours[NO_MESSAGE_ID] = True
    theirs = {
        **dict(_moved(properties)),
        **dict(_publisher_headers(properties.headers or {})),
    }
    headers = _fitting(theirs, ours, unencodable)
    return Basic.Properties(**kept, delivery_mode=_PERSISTENT, headers=headers)


def _moved(properties: Basic.Properties) -> Iterator[tuple[str, FieldValue]]:
    for name in _MOVED_PROPERTIES:
        value = getattr(properties, name)
        if value:
            yield f"x-original-{name.replace('_', '-')}", value
    for name in _MOVED_HEADERS:
        if name in (properties.headers or {}):
            yield f"x-original-{name.lower()}", (properties.headers or {})[name]


def _publisher_headers(headers: FieldTable) -> Iterator[tuple[str, FieldValue]]:
    for name, value in headers.items():
        if (
            name not in OURS
            and name not in _MOVED_HEADERS
            and name not in {NO_MESSAGE_ID, DROPPED_HEADERS}
            and not name.startswith(_STRIPPED_PREFIXES)
        ):
            yield name, value


def _fitting(theirs: FieldTable, ours: FieldTable, dropped: list[str]) -> FieldTable:
    """All of ours, and of theirs the smallest first until the headers are full."""
    room = LARGEST_HEADERS_BYTES - _LONGEST_NAMES - _size(ours)
    sizes = {name: _size({name: value}) for name, value in theirs.items()}
    fitting: FieldTable = {}
    for name in sorted(theirs, key=lambda name: (sizes[name], name)):
        if sizes[name] and sizes[name] <= room:
            room -= sizes[name]
            fitting[name] = theirs[name]
        else:
            dropped.append(name)
    if dropped:
        names = ", ".join(ascii(name)[1:-1] for name in sorted(dropped))
        fitting[DROPPED_HEADERS] = names[:_LONGEST_NAMES]
    return {**fitting, **ours}


def _size(table: FieldTable) -> int:
    """Bytes on the wire, 0 for what cannot be encoded."""
    try:
        return len(encode.field_table(table))
    except Exception:  # noqa: BLE001 - pamqp raises many kinds, and RecursionError for depth
        return 0


def _is_encodable(value: FieldValue) -> bool:
    return not isinstance(value, str) or value.isascii() or _size({"": value}) > 0
