"""What can keep a person from working on the dead letters, each in one line."""


class DeadLettersError(Exception):
    """Nothing was changed, or no more than was told before; the message says what to do."""


class QueueMissingError(DeadLettersError):
    """The queue was never declared here, or was deleted."""

    def __init__(self, queue: str) -> None:
        super().__init__(f"queue {queue} does not exist: `inventory-worker run` declares it")


class NotOurQueueError(DeadLettersError):
    """A queue has our name and other arguments: looking could already lose messages."""

    def __init__(self, queue: str) -> None:
        super().__init__(
            f"queue {queue} has other arguments than ours and is left alone: "
            "see `inventory-worker doctor`"
        )


class BrowseLostError(DeadLettersError):
    """The broker took the messages back while they were looked at; they are where they were."""


class InvalidSelectionError(Exception):
    """The command says not what it is about, or says it twice."""


class NothingSelectedError(DeadLettersError):
    """No dead letter is as the choice says."""
