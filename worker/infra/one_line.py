import re

_ADDRESS = re.compile(r" (?:object )?at 0x[0-9a-fA-F]+")


def one_line(text: str) -> str:
    """The text on one line, without the addresses that objects have in this process."""
    return _ADDRESS.sub("", " ".join(text.split()))
