"""JSON as one text for equal documents, with every digit of its numbers."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from worker.infra.messaging.events.json_text import JsonNumber, MalformedJsonError


def canonical(document: object, *, sort: bool = False) -> str:
    """A document of `parse_json` on one line, members in their order or sorted by name.

    Raises:
        MalformedJsonError: it is nested too deep.
    """
    with _depth_is_an_error():
        return _canonical(document, sort=sort)


def indented(document: object) -> str:
    """The same for a person: a line for each member."""
    with _depth_is_an_error():
        return _indented(document, "")


@contextmanager
def _depth_is_an_error() -> Iterator[None]:
    try:
        yield
    except RecursionError:
        raise MalformedJsonError("nested too deep") from None


def _canonical(document: object, *, sort: bool) -> str:
    match document:
        case JsonNumber():
            return document.text
        case list():
            return f"[{', '.join(_canonical(item, sort=sort) for item in document)}]"
        case dict():
            members = sorted(document.items()) if sort else document.items()
            return f"{{{', '.join(_member(name, value, sort=sort) for name, value in members)}}}"
        case _:
            return json.dumps(document, ensure_ascii=not _is_utf8(document))


def _indented(document: object, indent: str) -> str:
    deeper = f"{indent}  "
    match document:
        case list() if document:
            return _block("[]", (_indented(item, deeper) for item in document), indent)
        case dict() if document:
            members = (
                f"{json.dumps(name, ensure_ascii=not _is_utf8(name))}: {_indented(value, deeper)}"
                for name, value in document.items()
            )
            return _block("{}", members, indent)
        case _:
            return _canonical(document, sort=False)


def _member(name: str, value: object, *, sort: bool) -> str:
    return f"{json.dumps(name, ensure_ascii=not _is_utf8(name))}: {_canonical(value, sort=sort)}"


def _block(brackets: str, lines: Iterable[str], indent: str) -> str:
    inside = f",\n{indent}  ".join(lines)
    return f"{brackets[0]}\n{indent}  {inside}\n{indent}{brackets[1]}"


def _is_utf8(value: object) -> bool:
    return not isinstance(value, str) or value.isascii() or value.isprintable()
