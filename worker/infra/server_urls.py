"""Validates server URLs before a connection is made.

Drivers quote unparsable parts in their errors, which exposes a password that contains an
unescaped `/` or `#`. So malformed URLs never reach them, and no message here repeats a URL.
"""

import re
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from worker.infra.certificates import find_certificate_problem

ServerUrl = Callable[[], str]
"""The URL as of now: called before each connect, so that a rotated secret needs no restart.

Raises `ServerUrlError`.
"""

_HOST_AND_PORT = re.compile(r"(?P<host>\[[^\[\]]+\]|[^\[\]:]*)(:(?P<port>\d{1,5}))?")
_LAST_PORT = 65_535
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "cafile", "certfile", "keyfile")
_NUMBERS = ("port", "heartbeat")
_LIBPQ_ALONE = (
    *("connect_timeout", "channel_binding", "gssencmode", "load_balance_hosts", "requirepeer"),
    *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
    *("tcp_user_timeout", "sslcompression", "sslsni", "require_auth"),
)
"""asyncpg would send them as session settings, which the server refuses."""

_MALFORMED = "cannot be read as a URL: percent-encode the password (`/` is %2F, `#` %23, `@` %40)"


class ServerUrlError(OSError):
    """The URL cannot be used now; the message names the variable and the file.

    An `OSError`, to be handled as a server that is away: secrets and certificates are missing or
    half-written for a moment while they are replaced.
    """


def check_server_url(url: str, *schemes: str) -> None:
    """Checks a URL; as in PostgreSQL's clients, several hosts are separated by commas.

    Raises:
        ValueError: the URL is invalid; the message quotes only names of certificate files.
    """
    if not url.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise ValueError(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if not _is_well_formed(url):
        raise ValueError(_MALFORMED)
    if url.startswith("amqps://") and not urlsplit(url).hostname:
        raise ValueError("names no host, whose certificate could be checked")
    for name, values in _parameters(urlsplit(url).query).items():
        _check_parameter(name, values[-1])
    if problem := find_certificate_problem(url):
        raise ValueError(problem)


def _parameters(query: str) -> dict[str, list[str]]:
    """As asyncpg reads them, whose error would quote a part of the URL."""
    try:
        return parse_qs(query, strict_parsing=bool(query))
    except ValueError:
        raise ValueError("has a parameter that is not name=value") from None


def _check_parameter(name: str, value: str) -> None:
    if name in _FILES:
        _check_readable(name, value)
    elif name in _NUMBERS and not re.fullmatch(r"[0-9]{1,5}", value):
        raise ValueError(f"{name}= must be a number")
    elif name == "cadata" and not _is_base64(value):
        raise ValueError("cadata= must be base64; name a file with cafile= instead")
    elif name in _LIBPQ_ALONE:
        raise ValueError(f"{name}= is a parameter of libpq that has no meaning here: leave it out")


def _is_well_formed(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    where = parts.netloc.rpartition("@")[2]
    hosts = where.split(",") if parts.scheme.startswith("postgres") else [where]
    return not parts.fragment and "@" not in parts.path and all(map(_is_host_and_port, hosts))


def _is_host_and_port(text: str) -> bool:
    match = _HOST_AND_PORT.fullmatch(text)
    return match is not None and int(match["port"] or 0) <= _LAST_PORT and _is_host(match["host"])


def _is_host(name: str) -> bool:
    """Whether resolvers can encode the name."""
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True


def _is_base64(text: str) -> bool:
    try:
        b64decode(text)
    except ValueError:
        return False
    return True


def _check_readable(name: str, path: str) -> None:
    try:
        Path(path).open("rb").close()
    except OSError as error:
        raise ValueError(f"{name}={path}: {error.strerror}") from None
