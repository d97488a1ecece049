from typing_extensions import override

from tests.support.messages import clock
from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.events.decoding import Decoder


class NotingDecoder(Decoder):
    """Notes how many messages it has decoded."""

    def __init__(self) -> None:
        super().__init__(clock)
        self.decoded = 0

    @override
    def try_decode(self, message: Message) -> CommandMessage | Failure:
        self.decoded += 1
        return super().try_decode(message)
