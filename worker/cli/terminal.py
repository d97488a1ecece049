"""Standard streams and arguments where the terminal, the pipe or the locale is not UTF-8."""

import io
import os
import re
import sys
from codecs import register_error
from pathlib import Path

_ESCAPE = "escape-as-json"
_UNDECODED = re.compile("[\udc80-\udcff]")


def prepare_output() -> None:
    r"""Has the standard streams write `\u0160` for what their encoding lacks.

    This is how JSON escapes, so that documents stay valid in every encoding.
    """
    register_error(_ESCAPE, _escape)
    if sys.stdout is None:  # the caller closed it
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open to the end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ESCAPE)


def text_arguments() -> list[str]:
    """The arguments of this process as UTF-8, which the C locale leaves undecoded.

    Names of files stay as they are: only so they can be opened.
    """
    return [
        _decode(argument)
        if _UNDECODED.search(argument) and not os.path.lexists(argument)
        else argument
        for argument in sys.argv[1:]
    ]


def _decode(argument: str) -> str:
    return os.fsencode(argument).decode("utf-8", "surrogateescape")


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    escaped = (f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
    return "".join(escaped), error.end
