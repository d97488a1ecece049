from enum import StrEnum

FORMER_CODES = ("car-not-found",)
"""Those that only dead letters of earlier releases have."""


class ErrorCode(StrEnum):
    """Why a message could not be applied: the `x-error-code` of a dead letter."""

    MALFORMED_JSON = "malformed-json"
    INVALID_EVENT = "invalid-event"
    OCCURRED_IN_FUTURE = "occurred-in-future"
    MISSING_MESSAGE_ID = "missing-message-id"
    MESSAGE_ID_REUSED = "message-id-reused"
    UNSUPPORTED_ENCODING = "unsupported-encoding"
    TOO_LARGE = "too-large"
    CAR_ALREADY_EXISTS = "car-already-exists"
    REDELIVERED_TOO_OFTEN = "redelivered-too-often"
    UNKNOWN_TYPE = "unknown-type"
    UNEXPECTED_ERROR = "unexpected-error"
