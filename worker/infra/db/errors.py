"""What an error of the database means for the messages in hand."""

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from worker.domain.ports.unit_of_work import StatementRefusedError, StoreUnavailableError
from worker.infra.db.models import CarModel

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

DATABASE_ERRORS = (DBAPIError, PoolTimeoutError, OSError, TimeoutError)
"""What a call to the database may raise; asyncpg lets errors of the socket through."""


def translate(error: BaseException) -> StoreUnavailableError | StatementRefusedError:
    """The same trouble in the words of the ports, without statement, parameters or password."""
    sqlstate = getattr(getattr(error, "orig", None), "sqlstate", None)
    if sqlstate == _NOT_NULL_VIOLATION and not _is_ours(error):
        return StoreUnavailableError(f"PostgreSQL refuses every row: {_summary(error)}")
    if sqlstate is not None and sqlstate[:2] in _MESSAGE_IS_TO_BLAME:
        return StatementRefusedError(f"PostgreSQL refused it: {_summary(error)} ({sqlstate})")
    return StoreUnavailableError(f"PostgreSQL: {_summary(error)}")


def _is_ours(error: BaseException) -> bool:
    """Whether the column that an error names is one that we fill."""
    driver = getattr(error, "orig", error).__cause__
    table = CarModel.metadata.tables.get(getattr(driver, "table_name", None) or "")
    return table is None or str(getattr(driver, "column_name", "")) in table.columns


def _summary(error: BaseException) -> str:
    """One line. The driver's DETAIL and the parameters stay out: they may hold anything."""
    cause = getattr(error, "orig", None) or error
    driver = cause.__cause__ or cause
    lines = str(driver).splitlines() or ["no answer in time"]  # a TimeoutError has no text
    return f"{type(driver).__name__}: {lines[0]}"
