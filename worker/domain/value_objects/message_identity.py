from typing import NamedTuple


class MessageIdentity(NamedTuple):
    """What makes two deliveries the same message: who sent it, and the id it was given.

    Tuples sort by source, then id: the order in which ids are locked.
    """

    source: str
    message_id: str
