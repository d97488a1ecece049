"""What can be told of a server's URL before anybody connects.

Drivers name in their errors what they could not read, which is a password as soon as it holds
an unescaped `/` or `#`. So nothing malformed reaches them, and nothing here repeats a URL.
"""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_HOST_AND_PORT = re.compile(r"(?P<host>\[[^\[\]]+\]|[^\[\]:]*)(:(?P<port>\d{1,5}))?")
_LAST_PORT = 65_535
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "cafile", "certfile", "keyfile")
_MALFORMED = "cannot be read as a URL: percent-encode the password (`/` is %2F, `#` %23, `@` %40)"


def check_server_url(url: str, *schemes: str) -> None:
    """Several hosts, as PostgreSQL's clients take them, are parted by commas.

    Raises:
        ValueError: what is wrong; of the URL it names certificate files alone.
    """
    if url.partition("://")[0] not in schemes:
        raise ValueError(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if not _is_well_formed(url):
        raise ValueError(_MALFORMED)
    for name, values in parse_qs(urlsplit(url).query).items():
        if name in _FILES:
            _check_readable(name, values[-1])


def _is_well_formed(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    hosts = parts.netloc.rpartition("@")[2].split(",")
    return not parts.fragment and "@" not in parts.path and all(map(_is_host_and_port, hosts))


def _is_host_and_port(text: str) -> bool:
    match = _HOST_AND_PORT.fullmatch(text)
    return match is not None and int(match["port"] or 0) <= _LAST_PORT


def _check_readable(name: str, path: str) -> None:
    try:
        Path(path).open("rb").close()
    except OSError as error:
        raise ValueError(f"{name}={path}: {error.strerror}") from None
