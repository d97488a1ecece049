"""Validates server URLs before a connection is made.

Drivers quote unparsable parts in their errors, which exposes a password that contains an
unescaped `/` or `#`. So malformed URLs never reach them, and no message here repeats a URL.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from worker.infra.certificates import find_certificate_problem
from worker.infra.hosts import each_alone

ServerUrl = Callable[[], str]
"""The URL as of now: called before each connect, so that a rotated secret needs no restart.

Raises `ServerUrlError`.
"""

_HOST_AND_PORT = re.compile(r"(?P<host>\[[^\[\]]+\]|[^\[\]:]*)(:(?P<port>\d{1,5}))?")
_LAST_PORT = 65_535
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "cafile", "certfile", "keyfile")
_NUMBERS = {"port": r"[0-9]{1,5}(,[0-9]{1,5})*", "heartbeat": r"[0-9]{1,5}"}
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_SESSIONS = ("any", "primary", "standby", "prefer-standby", "read-write", "read-only")
_CHOICES = {"sslmode": _SSL_MODES, "target_session_attrs": _SESSIONS}
_LIBPQ_ALONE = (
    *("connect_timeout", "channel_binding", "load_balance_hosts", "requirepeer", "hostaddr"),
    *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
    *("tcp_user_timeout", "require_auth", "gssencmode", "gssdelegation", "requiressl"),
    *("sslcompression", "sslsni", "sslcertmode", "sslcrldir", "sslkeylogfile"),
    *("min_protocol_version", "max_protocol_version", "fallback_application_name"),
    *("scram_client_key", "scram_server_key", "replication", "servicefile"),
    *("oauth_issuer", "oauth_client_id", "oauth_client_secret", "oauth_scope"),
)
"""asyncpg would send them as session settings, which the server refuses."""

_NEVER_INSIDE = re.compile(r'[\s"\x00-\x1f\x7f\ud800-\udfff]')
_MALFORMED = "cannot be read as a URL: percent-encode the password (`/` is %2F, `#` %23, `@` %40)"


class ServerUrlError(OSError):
    """The URL cannot be used now; the message names the variable and the file.

    An `OSError`, to be handled as a server that is away: secrets and certificates are missing or
    half-written for a moment while they are replaced.
    """


def check_server_url(url: str, *schemes: str) -> None:
    """Checks a URL; as in PostgreSQL's clients, several hosts are separated by commas.

    Raises:
        ValueError: the URL is invalid; the message quotes only parameters and certificate files.
    """
    if _NEVER_INSIDE.search(url):
        raise ValueError("has a blank, a line break, a quote or another character that URLs encode")
    if not url.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise ValueError(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    first, *others = alone = each_alone(url)
    if not all(map(_is_well_formed, alone)):
        raise ValueError(_MALFORMED)
    if others:
        _check_several(alone)
    if first.startswith("amqps://") and not urlsplit(first).hostname:
        raise ValueError("names no host, whose certificate could be checked")
    if problems := list(_parameter_problems(first)):
        raise ValueError("; ".join(problems))
    if problem := find_certificate_problem(first):
        raise ValueError(problem)


def _check_several(alone: list[str]) -> None:
    if alone[0].startswith("http"):
        raise ValueError("names several hosts: name one, such as that of a load balancer")
    if not all(urlsplit(url).hostname for url in alone):
        raise ValueError("names several hosts, one of them empty")


def _parameter_problems(url: str) -> Iterator[str]:
    query = urlsplit(url).query
    is_strict = bool(query) and url.startswith("postgres")  # as asyncpg reads it
    try:
        parameters = parse_qs(query, strict_parsing=is_strict)
    except ValueError:
        yield "has a parameter that is not name=value"
        return
    if alone := [f"{name}=" for name in parameters if name in _LIBPQ_ALONE]:
        yield f"has parameters of libpq that cannot work here: leave out {', '.join(alone)}"
    for name, values in parameters.items():
        if problem := _problem(name, values[-1]):
            yield f"{name}{problem}"


def _problem(name: str, value: str) -> str | None:
    if name in _FILES:
        return _why_unreadable(value)
    if name in _NUMBERS and not re.fullmatch(_NUMBERS[name], value):
        return "= must be a number"
    if name in _CHOICES and value not in _CHOICES[name]:
        return f"= must be one of {', '.join(_CHOICES[name])}"
    if name == "cadata" and not _is_base64(value):
        return "= must be base64; name a file with cafile= instead"
    return None


def _is_well_formed(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    has_encoded_user = parts.netloc.count("@") <= 1 and "@" not in parts.path
    host = parts.netloc.rpartition("@")[2]
    return not parts.fragment and has_encoded_user and _is_host_and_port(host)


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


def _why_unreadable(path: str) -> str | None:
    try:
        Path(path).open("rb").close()
    except OSError as error:
        return f"={path}: {error.strerror}"
    return None
