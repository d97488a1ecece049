from enum import StrEnum


class DeadLetterOrder(StrEnum):
    """In which order dead letters, or groups of them, are listed.

    The most messages first, the longest dead first, the last one that died first, or by name.
    """

    MESSAGES = "messages"
    OLDEST = "oldest"
    NEWEST = "newest"
    CODE = "code"
    TYPE = "type"
