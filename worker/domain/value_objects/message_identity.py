from typing import NamedTuple


class MessageIdentity(NamedTuple):
    """Source and message id: what makes two deliveries the same message.

    Tuples sort by source, then id: the order in which ids are locked.
    """

    source: str
    message_id: str
