from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `problem` says what is wrong and what to do, None if nothing.

    What is only to be looked after, and stops no message, is a warning.
    """

    check: str
    problem: str | None
    is_warning: bool = False
