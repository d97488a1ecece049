from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check; `problem` says what is wrong and what to do, None if all is well.

    A warning needs attention but does not stop messages.
    """

    check: str
    problem: str | None
    is_warning: bool = False
