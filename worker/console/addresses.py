"""Addresses of pages: all that a page shows is in its address."""

from urllib.parse import urlencode


def address_of(path: str, **query: object) -> str:
    """A path with those fields that have a value; `_` in a name stands for `-`."""
    told = {
        name.rstrip("_").replace("_", "-"): value
        for name, value in query.items()
        if value is not None and value != ""
    }
    return f"{path}?{urlencode(told, doseq=True)}" if told else path


def own_path(address: str) -> str:
    """The address if it leads to a page of ours, else the first page."""
    is_ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_ours and address.isprintable() else "/"
