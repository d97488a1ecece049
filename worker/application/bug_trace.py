"""The trace of a bug through our own code: only places, which are safe to log."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from traceback import walk_tb

LONGEST_TRACE = 20
"""Innermost frames that are kept; infinite recursion has a thousand."""

_PACKAGE = Path(__file__).parents[1]


def trace_of(bug: Exception) -> tuple[str, ...]:
    """Our frames as `file:line`, outermost first, then the exception's type and place.

    The frames of the exception's cause follow. The texts of both are left out, because they may
    contain parts of a message.
    """
    errors = [bug] if bug.__cause__ is None else [bug, bug.__cause__]
    frames = (frame for error in errors for frame in _our_frames(error))
    return (*deque(frames, LONGEST_TRACE), _type_and_place(bug))


def _type_and_place(bug: Exception) -> str:
    """The exception's type and the `file:line` that raised it, possibly in a library."""
    where = "?"
    for frame, line in walk_tb(bug.__traceback__):
        where = f"{Path(frame.f_code.co_filename).name}:{line}"
    return f"{type(bug).__name__} at {where}"


def _our_frames(error: BaseException) -> Iterator[str]:
    for frame, line in walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(_PACKAGE):
            yield f"{file.relative_to(_PACKAGE.parent).as_posix()}:{line}"
