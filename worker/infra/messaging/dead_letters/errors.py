"""Why a command on dead letters cannot be carried out, each in one line for a person."""


class DeadLettersError(Exception):
    """Nothing was changed, or no more than the message says; it says what to do as well."""


class QueueMissingError(DeadLettersError):
    """The queue was never declared here, or was deleted."""

    def __init__(self, queue: str) -> None:
        super().__init__(f"queue {queue} does not exist: `inventory-worker run` declares it")


class NotOurQueueError(DeadLettersError):
    """A queue has our name and other arguments: browsing could already lose messages."""

    def __init__(self, queue: str) -> None:
        super().__init__(
            f"queue {queue} has other arguments than ours and is left alone: "
            "see `inventory-worker doctor`"
        )


class NoAnswerError(DeadLettersError):
    """RabbitMQ cannot be reached, or does not say how many dead letters it has."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"RabbitMQ: {reason}")


class BrowseLostError(DeadLettersError):
    """The broker took the messages back during a browse; they are where they were."""


class InvalidSelectionError(Exception):
    """The command does not say what it is about, or says it twice."""


class NothingSelectedError(DeadLettersError):
    """No dead letter matches the selection."""
