from enum import StrEnum

from worker.domain.errors import InvalidValueError


class WithdrawalReason(StrEnum):
    """Why a car is no longer listed."""

    SOLD = "sold"
    REMOVED = "removed"
    ERROR = "error"


def parse_withdrawal_reason(text: str) -> WithdrawalReason:
    """Parses a reason, spelled as in the contract."""
    try:
        return WithdrawalReason(text)
    except ValueError:
        raise InvalidValueError(text, f"one of {', '.join(WithdrawalReason)}") from None
