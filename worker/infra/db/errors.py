"""What an error of the database means for the messages in hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, unquote, urlsplit

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from worker.domain.ports.unit_of_work import StatementRefusedError, StoreUnavailableError
from worker.infra.one_line import one_line

_MESSAGE_IS_TO_BLAME = frozenset(
    {
        "21",  # cardinality violation
        "22",  # data exception
        "23",  # integrity constraint violation
        "44",  # WITH CHECK OPTION violation
        "54",  # program limit exceeded, such as an index row too large
        "P0",  # raised by a trigger
    }
)
"""Classes of SQLSTATE that another message would not have met.

All others wait: the server is away (08, 57), full (53), busy (55), asks to try again (25, 40),
or its schema or rights are not as they should be (28, 3D, 3F, 42), which an operator mends
while the messages stay where they are.
https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

DATABASE_ERRORS = (DBAPIError, PoolTimeoutError, OSError, TimeoutError)
"""What a call to the database may raise; asyncpg lets errors of the socket through."""


def translate(error: BaseException) -> StoreUnavailableError | StatementRefusedError:
    """The same trouble in the words of the ports, without statement, parameters or password."""
    sqlstate = getattr(getattr(error, "orig", None), "sqlstate", None)
    if sqlstate is not None and sqlstate[:2] in _MESSAGE_IS_TO_BLAME:
        return StatementRefusedError(f"PostgreSQL refused it: {_summary(error)} ({sqlstate})")
    return StoreUnavailableError(f"PostgreSQL: {_summary(error)}")


def _summary(error: BaseException) -> str:
    """One line. The driver's DETAIL and the parameters stay out: they may hold anything."""
    cause = getattr(error, "orig", None) or error
    driver = cause.__cause__ or cause
    lines = str(driver).splitlines() or ["no answer in time"]  # a TimeoutError has no text
    where = "".join(f" ({note})" for note in getattr(driver, "__notes__", ()))
    return one_line(f"{type(driver).__name__}: {lines[0]}{where}")


@contextmanager
def naming_database(url: str) -> Iterator[None]:
    """Notes on an error of connecting which database it was about, and where."""
    try:
        yield
    except Exception as error:
        error.add_note(_name_and_place(url))
        raise


def _name_and_place(url: str) -> str:
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    named = query.get("database", query.get("dbname", [unquote(parts.path[1:])]))
    host = parts.netloc.rpartition("@")[2] or ",".join(query.get("host", ()))
    return f"database {named[-1] or unquote(parts.username or '')}{host and f' at {host}'}"
