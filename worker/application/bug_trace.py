"""Where a bug passed through our own code: places only, so that it may be logged."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from traceback import walk_tb

LONGEST_TRACE = 20
"""Frames kept, the innermost ones: endless recursion has a thousand."""

_PACKAGE = Path(__file__).parents[1]


def trace_of(bug: Exception) -> tuple[str, ...]:
    """Our frames as `file:line`, outermost first; the exception's type and place come last.

    The frames of an exception that caused it follow its own. The texts of both are left out: they
    may contain parts of a message.
    """
    errors = [bug] if bug.__cause__ is None else [bug, bug.__cause__]
    frames = (frame for error in errors for frame in _our_frames(error))
    return (*deque(frames, LONGEST_TRACE), _type_and_place(bug))


def _type_and_place(bug: Exception) -> str:
    """The exception's type and the `file:line` that raised it, which may be a library's."""
    where = "?"
    for frame, line in walk_tb(bug.__traceback__):
        where = f"{Path(frame.f_code.co_filename).name}:{line}"
    return f"{type(bug).__name__} at {where}"


def _our_frames(error: BaseException) -> Iterator[str]:
    for frame, line in walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(_PACKAGE):
            yield f"{file.relative_to(_PACKAGE.parent).as_posix()}:{line}"
