import re
from collections.abc import Sequence

_ADDRESS = re.compile(r" (?:object )?at 0x[0-9a-fA-F]+")


def one_line(text: str) -> str:
    """The text on one line, without the addresses of objects."""
    return without_addresses(" ".join(text.split()))


def without_addresses(text: str) -> str:
    """The text without the addresses of objects, which tell nobody anything."""
    return _ADDRESS.sub("", text)


def listed(names: Sequence[str], at_most: int) -> str:
    """Names on one line, the first of them if there are many."""
    more = len(names) - at_most
    return ", ".join(names[:at_most]) + (f" and {more} more" if more > 0 else "")
