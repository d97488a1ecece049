from worker.application.outcomes import Failure
from worker.domain.error_code import ErrorCode


class InvalidMessageError(Exception):
    """A message that breaks the contract, with its error code and detail."""

    def __init__(self, code: ErrorCode, detail: str) -> None:
        self.failure = Failure(code, detail)
        super().__init__(f"{code}: {detail}")
