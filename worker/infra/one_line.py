import re

_ADDRESS = re.compile(r" (?:object )?at 0x[0-9a-fA-F]+")


def one_line(text: str) -> str:
    """The text on one line, without the addresses of objects."""
    return without_addresses(" ".join(text.split()))


def without_addresses(text: str) -> str:
    """The text without the addresses of objects, which tell nobody anything."""
    return _ADDRESS.sub("", text)
