from worker.application.commands import CommandMessage
from worker.infra.clocks import utc_now
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.outcome_watch import Sent
from worker.infra.messaging.dead_letters.replayed import replayed
from worker.infra.messaging.events.decoding import Decoder


def as_sent(letter: DeadLetter) -> Sent:
    """How to find the outcome of a letter once it is replayed."""
    content = Decoder(utc_now).try_decode(replayed(letter))
    return Sent(
        letter.handle,
        letter.identity,
        content.digest if isinstance(content, CommandMessage) else None,
        letter.content_key,
        letter.history.replays + 1,
    )
