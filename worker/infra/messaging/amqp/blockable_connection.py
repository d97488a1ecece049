from collections.abc import Callable
from typing import Any

import aiormq
from pamqp.commands import Connection as Method
from yarl import URL

from worker.infra.messaging.amqp.nodes import TLS_NAME


class BlockableConnection(aiormq.Connection):
    """Tells why RabbitMQ takes no messages from this connection, and when it does again.

    aiormq 7.2.4 only logs it, so this overrides two of its private methods.
    """

    def __init__(self, url: str, on_blocked: Callable[[str | None], None]) -> None:
        """Takes a callback for the reason; None means that messages are taken again."""
        query = URL(url).query
        options: dict[str, Any] = {TLS_NAME: query[TLS_NAME]} if TLS_NAME in query else {}
        super().__init__(url, **options)
        self._on_blocked = on_blocked

    async def _Connection__handle_connection_blocked(  # noqa: N802 - the name in aiormq
        self, frame: Method.Blocked
    ) -> None:
        self._on_blocked(frame.reason)

    async def _Connection__handle_connection_unblocked(  # noqa: N802 - the name in aiormq
        self, _: Method.Unblocked
    ) -> None:
        self._on_blocked(None)
