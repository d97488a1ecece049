"""Validates events before they are sent, with the decoder that the worker uses."""

from collections.abc import Iterable
from dataclasses import dataclass

from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure
from worker.domain.error_code import ErrorCode
from worker.domain.errors import describe
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.events.decoding import Decoder
from worker.infra.messaging.events.event_lines import EventLine, NumberedLine
from worker.infra.messaging.events.invalid_message import InvalidMessageError
from worker.infra.messaging.names import EVENTS_EXCHANGE


@dataclass(frozen=True, slots=True)
class WrongLine:
    """A line that would become a dead letter, and its failure."""

    number: int
    failure: Failure


class EventCheck:
    """Checks the lines of one file, in order, without broker or database."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._seen: dict[tuple[str, str], tuple[int, bytes]] = {}

    def find_wrong(self, lines: Iterable[NumberedLine]) -> list[WrongLine]:
        """The lines that are wrong regardless of the catalog's content."""
        judged = ((line.number, self._judge(line)) for line in lines)
        return [WrongLine(number, failure) for number, failure in judged if failure]

    def _judge(self, line: NumberedLine) -> Failure | None:
        if isinstance(line.content, Failure):
            return line.content
        try:
            message = self._decoder.decode(_as_published(line.content))
        except InvalidMessageError as invalid:
            return invalid.failure
        return self._reuse(line.number, message)

    def _reuse(self, number: int, message: CommandMessage) -> Failure | None:
        first, digest = self._seen.setdefault(message.identity, (number, message.digest))
        if digest == message.digest:
            return None
        found = describe(message.identity.message_id)
        return Failure(
            ErrorCode.MESSAGE_ID_REUSED,
            f"message_id: found {found}, which line {first} uses for another event, "
            "allowed is an id of its own",
        )


def _as_published(event: EventLine) -> Message:
    return Message(event.data.encode(), event.properties(), EVENTS_EXCHANGE, event.type)
