from collections.abc import Callable

import aiormq
from pamqp.commands import Connection as Method


class BlockableConnection(aiormq.Connection):
    """Tells why RabbitMQ takes no messages from this connection, and when it does again.

    aiormq 7.2.4 only logs it, so this overrides two of its private methods.
    """

    def __init__(self, url: str, on_blocked: Callable[[str | None], None]) -> None:
        """Takes a callback for the reason; None means that messages are taken again."""
        super().__init__(url)
        self._on_blocked = on_blocked

    async def _Connection__handle_connection_blocked(  # noqa: N802 - the name in aiormq
        self, frame: Method.Blocked
    ) -> None:
        self._on_blocked(frame.reason)

    async def _Connection__handle_connection_unblocked(  # noqa: N802 - the name in aiormq
        self, _: Method.Unblocked
    ) -> None:
        self._on_blocked(None)
