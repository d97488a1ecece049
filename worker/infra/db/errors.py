"""What an error of the database means for the messages in hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, unquote, urlsplit

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from worker.domain.ports.unit_of_work import StatementRefusedError, StoreUnavailableError
from worker.infra.db.models import CarModel
from worker.infra.hosts import each_alone, hosts_of
from worker.infra.in_turn import NoServerError
from worker.infra.one_line import one_line
from worker.infra.server_urls import ServerUrlError

_NOT_NULL_VIOLATION = "23502"
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

_SESSION_IS_TO_BLAME = frozenset(
    {
        "08",  # connection exception
        "25",  # invalid transaction state, such as read-only after a failover
        "28",  # invalid authorization
        "3D",  # no such database
        "3F",  # no such schema
        "42",  # no right, or no such table in the search_path of the session
    }
)
"""Classes of SQLSTATE that a new session may not meet: it may reach another server, as another
role, with other settings."""

READ_ONLY = "25006"

DATABASE_ERRORS = (DBAPIError, PoolTimeoutError, OSError, TimeoutError)
"""What a call to the database may raise; asyncpg lets errors of the socket through."""


class OtherServerWantedError(OSError):
    """The server is not what `target_session_attrs` asks for, which is a primary by default."""


def translate(error: BaseException) -> StoreUnavailableError | StatementRefusedError:
    """The same trouble in the words of the ports, without statement, parameters or password."""
    sqlstate = sqlstate_of(error)
    if sqlstate == _NOT_NULL_VIOLATION and not _is_ours(error):
        return StoreUnavailableError(f"PostgreSQL refuses every row: {in_brief(error)}")
    if sqlstate is not None and sqlstate[:2] in _MESSAGE_IS_TO_BLAME:
        return StatementRefusedError(f"PostgreSQL refused it: {in_brief(error)} ({sqlstate})")
    return StoreUnavailableError(f"PostgreSQL: {in_brief(error)}")


def sqlstate_of(error: BaseException | None) -> str | None:
    """The code of PostgreSQL; None for an error of the connection or of another library."""
    sqlstate: str | None = getattr(getattr(error, "orig", error), "sqlstate", None)
    return sqlstate


def is_of_the_session(error: BaseException | None) -> bool:
    """Whether a new session may do what this one is refused."""
    return (sqlstate_of(error) or "")[:2] in _SESSION_IS_TO_BLAME


def _is_ours(error: BaseException) -> bool:
    """Whether the column that an error names is one that we fill."""
    driver = getattr(error, "orig", error).__cause__
    table = CarModel.metadata.tables.get(getattr(driver, "table_name", None) or "")
    return table is None or str(getattr(driver, "column_name", "")) in table.columns


def in_brief(error: BaseException) -> str:
    """The error as one line, without the driver's DETAIL and the parameters: they hold anything."""
    cause = getattr(error, "orig", None) or error
    driver = cause.__cause__ or cause
    if isinstance(driver, ServerUrlError | NoServerError):
        return str(driver)
    lines = str(driver).splitlines() or ["no answer in time"]  # a TimeoutError has no text
    where = "".join(f" ({note})" for note in getattr(driver, "__notes__", ()))
    kind = "" if isinstance(driver, OtherServerWantedError) else f"{type(driver).__name__}: "
    return one_line(f"{kind}{lines[0]}{where}")


@contextmanager
def naming_database(url: str) -> Iterator[None]:
    """Notes on an error of connecting which database it was about, and where."""
    try:
        yield
    except Exception as error:
        error.add_note(_name_and_place(url))
        raise


def _name_and_place(url: str) -> str:
    parts = urlsplit(each_alone(url)[0])
    query = parse_qs(parts.query)
    named = query.get("database", query.get("dbname", [unquote(parts.path[1:])]))
    hosts = ",".join(map(str, hosts_of(url)))
    return f"database {named[-1] or unquote(parts.username or '')}{hosts and f' at {hosts}'}"
