"""Errors of values and commands, named after the condition."""

from collections.abc import Sequence

from worker.domain.error_code import ErrorCode


class InvalidValueError(ValueError):
    """A value breaks a rule of the contract.

    `found` is the given value, `allowed` describes the rule: together they form one line that a
    publisher can act on.
    """

    code = ErrorCode.INVALID_EVENT

    def __init__(self, found: object, allowed: str) -> None:
        self.found = found
        self.allowed = allowed
        super().__init__(f"found {describe(found)}, allowed is {allowed}")


class OccurredInFutureError(InvalidValueError):
    """The event's time is too far ahead: it would freeze the price until then."""

    code = ErrorCode.OCCURRED_IN_FUTURE


class CommandRefusedError(Exception):
    """The current catalog does not allow this command."""

    code: ErrorCode

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


class CarAlreadyExistsError(CommandRefusedError):
    """A creation names an existing car with another make, model or year."""

    code = ErrorCode.CAR_ALREADY_EXISTS


def describe(found: object, *, at_most: int = 80) -> str:
    """A short, printable form of a JSON value, for headers and log lines."""
    match found:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[found]
        case dict():
            return "an object"
        case list():
            return "an array"
        case _:
            return _shortened(ascii(found), at_most)


def _shortened(text: str, at_most: int) -> str:
    return text if len(text) <= at_most else f"{text[:at_most]}… ({len(text)} characters)"


class InvalidQueryError(ValueError):
    """A search is invalid; the message lists all problems."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problems))
