"""Which errors a person can act on, in one line; all others are bugs and keep their traceback."""

from aiormq.exceptions import AMQPError
from sqlalchemy.exc import DBAPIError

from worker.domain.errors import InvalidQueryError
from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.infra.db.errors import translate
from worker.infra.db.schema import WrongSchemaError
from worker.infra.http.server import HttpPortError
from worker.infra.messaging.amqp.confirming_publisher import (
    BrokerUnavailableError,
    UnpublishableError,
)
from worker.infra.messaging.consuming.consumer import StartupTimeoutError
from worker.infra.messaging.dead_letters.errors import DeadLettersError, InvalidSelectionError
from worker.infra.tracing.tracing import TracingError
from worker.settings import SettingsError

FAILED = 1
WRONG_USAGE = 2

_WRONG_USAGE = (TracingError, SettingsError, InvalidQueryError, InvalidSelectionError)
_FAILED = (
    StoreUnavailableError,
    WrongSchemaError,
    BrokerUnavailableError,
    UnpublishableError,
    StartupTimeoutError,
    HttpPortError,
    DeadLettersError,
    OSError,
    TimeoutError,
)


def explain(error: Exception) -> tuple[str, int] | None:
    """The line to print and the exit code; None for what nobody foresaw."""
    match error:
        case DBAPIError():
            return str(translate(error)), FAILED
        case AMQPError():
            return f"RabbitMQ: {_one_line(error)}", FAILED
        case Exception() if isinstance(error, _WRONG_USAGE):
            return _one_line(error), WRONG_USAGE
        case Exception() if isinstance(error, _FAILED):
            return _one_line(error), FAILED
        case _:
            return None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
