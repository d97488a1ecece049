"""All errors of the worker, and which of them a person can act on.

Exception
├── SettingsError                     a variable is missing or wrong
├── TracingError                      traces are asked for that cannot be made
├── HttpPortError                     the port of the health checks is taken
├── StartupTimeoutError               the servers did not come up in time
├── UntilIsPastError                  a pause would be over before it begins
│
├── WrongSchemaError                  the database does not fit this release
│   ├── SchemaBehindError             migrations are missing
│   ├── ForeignSchemaError            the database belongs to another program
│   └── UnfitDatabaseError            its version, encoding or search_path does not do
├── StoreUnavailableError             PostgreSQL is away: try again later
│   └── ClaimLostError                the connection that holds the claim of a job is lost
├── ConcurrentChangeError             another transaction was faster: do the batch again
├── StatementRefusedError             PostgreSQL refuses the values of a message
│
├── BrokerUnavailableError            RabbitMQ did not confirm: publish again later
│   ├── BrokerLostError               the connection failed, or stayed without an answer
│   └── UnroutableError               no queue is bound for the routing key
├── ManagementError                   the management API of RabbitMQ cannot be read
├── UnpublishableError                the properties cannot be put on the wire
│
├── InvalidMessageError               a message breaks the contract
├── CommandRefusedError               the catalog does not allow what a message asks for
│   └── CarAlreadyExistsError
├── InvalidSelectionError             a command does not say which dead letters it is about
│   └── UnknownNameError              it names a code or a type that does not exist
├── DeadLettersError                  a command on dead letters cannot be carried out
│   ├── QueueMissingError             the queue was never declared
│   ├── NotOurQueueError              the queue has other arguments than ours
│   ├── NoAnswerError                 RabbitMQ is away, or does not say how many there are
│   ├── BrowseLostError               RabbitMQ took the messages back
│   ├── NothingSelectedError          no dead letter matches
│   ├── PooledError                   DATABASE_URL leads to a pooler
│   ├── ClaimedError                  another command is changing the dead letters
│   ├── AppliedMeanwhileError         an edit comes too late
│   ├── AuditNotFoundError            no change has this audit id
│   ├── JobNotFoundError              there is no such job
│   ├── JobBrokeOffError              its process lost a server: the next one goes on with it
│   ├── JobInVainError                its runs broke off again and again without progress
│   ├── JobEndedError                 it cannot be cancelled any more
│   ├── NothingToFetchError           it is no discard, or has not ended
│   └── ChangeFailedError             a change broke off
├── RefusedError                      the console gives no page for a request
│   ├── NotSignedInError              nobody says who asks
│   ├── TooManyLoginsError            too many wrong passwords
│   └── TooLargeFormError             a form is larger than any of ours
├── InvalidFieldError                 a field of an address or a form cannot be read
├── NotFoundError                     what an address names is not there
├── OSError
│   ├── ServerUrlError                a URL or its certificates cannot be read now
│   ├── NoServerError                 none of several hosts can be used
│   ├── OtherServerWantedError        the server is no primary, or not what the URL asks for
│   └── UsersFileError                the users of the console cannot be read
└── ValueError
    ├── InvalidValueError             a value that the domain does not allow
    │   └── OccurredInFutureError
    ├── InvalidQueryError             a search of the catalog that makes no sense
    ├── MalformedJsonError            a body is not JSON
    └── InvalidLineError              a line of a file of dead letters cannot be imported
"""

from dataclasses import dataclass

from aiormq.exceptions import AMQPError, ChannelInvalidStateError
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
from worker.infra.messaging.amqp.connection import in_brief
from worker.infra.messaging.consuming.consumer import StartupTimeoutError
from worker.infra.messaging.dead_letters.dead_letter_file import InvalidLineError
from worker.infra.messaging.dead_letters.errors import DeadLettersError, InvalidSelectionError
from worker.infra.one_line import one_line
from worker.infra.tracing.batch_steps import TracingError
from worker.settings import SettingsError

_WRONG_USAGE = (
    TracingError,
    SettingsError,
    InvalidQueryError,
    InvalidSelectionError,
    InvalidLineError,
)
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
_NO_FILE_NAME = "the name of a file has letters that this locale lacks: set LC_ALL=C.UTF-8"


@dataclass(frozen=True, slots=True)
class Explanation:
    """An error on one line for a person; `wrong_usage` if what was asked for makes no sense."""

    line: str
    wrong_usage: bool = False


def explain(error: Exception) -> Explanation | None:
    """What a person can act on; None for a bug, whose traceback is worth more."""
    match error:
        case DBAPIError():
            return Explanation(str(translate(error)))
        case AMQPError() | ChannelInvalidStateError():
            return Explanation(f"RabbitMQ: {in_brief(error)}")
        case UnicodeEncodeError() if error.encoding != "utf-8":
            return Explanation(_NO_FILE_NAME, wrong_usage=True)
        case Exception() if isinstance(error, _WRONG_USAGE):
            return Explanation(_one_line(error), wrong_usage=True)
        case Exception() if isinstance(error, _FAILED):
            return Explanation(_one_line(error))
        case _:
            return None


def _one_line(error: Exception) -> str:
    nothing_said = "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
    return one_line(str(error)) or nothing_said
