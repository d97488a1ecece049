from enum import StrEnum


class JobKind(StrEnum):
    """What a job does with the dead letters that it is about."""

    REPLAY = "replay"
    DISCARD = "discard"


class JobState(StrEnum):
    """How far a job is: the first three are to be run, by whichever process can."""

    WAITING = "waiting"
    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done"
    STOPPED = "stopped"
    """Cancelled, by its canary, or because letters were no longer there."""
    FAILED = "failed"


class JobStep(StrEnum):
    """What a runner does before and between its letters: it may take a while, with none done."""

    ASKING = "finding out what its last runner has sent"
    LOOKING = "looking for them in the queue"
    CANARY = "waiting for what becomes of the canary"
    CREATIONS = "waiting for what becomes of the creations"
    WAITING = "waiting for RabbitMQ, which cannot be reached"
    LEFTOVERS = "looking whether any of them is left in the queue"


class JobLetterState(StrEnum):
    """What has become of one dead letter of a job."""

    WAITING = "waiting"
    SENDING = "sending"
    """About to be published: if its runner died, nobody knows whether it was."""
    DONE = "done"
    FAILED = "failed"
