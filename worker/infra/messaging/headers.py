"""The headers that the worker writes."""

ERROR_CODE = "x-error-code"
ERROR_DETAIL = "x-error-detail"
ERROR_AT = "x-error-at"
FIRST_ERROR_AT = "x-first-error-at"
ATTEMPTS = "x-attempts"
REPLAYS = "x-replays"
ORIGINAL_EXCHANGE = "x-original-exchange"
ORIGINAL_ROUTING_KEY = "x-original-routing-key"
WORKER_VERSION = "x-worker-version"
DEAD_LETTER_KEY = "x-dead-letter-key"
"""By which a dead letter is found among the rows, in hex."""

NO_MESSAGE_ID = "x-no-message-id"
"""Set when we republish a message that has no id.

aiormq generates an id when it publishes such a message; decoding ignores that id if this is set.
"""

REPLACES = "x-replaces"
"""The message that an edited one replaces, written by `dlq import`: a table of its source,
message id and, if it was a command, digest in hex."""

OURS = frozenset(
    {
        ERROR_CODE,
        ERROR_DETAIL,
        ERROR_AT,
        FIRST_ERROR_AT,
        ATTEMPTS,
        REPLAYS,
        ORIGINAL_EXCHANGE,
        ORIGINAL_ROUTING_KEY,
        WORKER_VERSION,
        DEAD_LETTER_KEY,
        REPLACES,
    }
)
