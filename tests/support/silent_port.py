"""A host that is there and says nothing, like a server that is frozen."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from dev.servers.ports import LOOPBACK


class SilentPort:
    """Takes connections and never answers."""

    def __init__(self) -> None:
        self.host = ""
        self.came = 0
        self._open = 0
        self._closed = asyncio.Condition()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.came += 1
        self._open += 1
        with suppress(OSError):
            await reader.read(-1)
        writer.close()
        async with self._closed:
            self._open -= 1
            self._closed.notify_all()

    async def wait_all_closed(self) -> None:
        """Waits until those who came have left."""
        async with asyncio.timeout(5), self._closed:
            await self._closed.wait_for(lambda: self._open == 0)


@asynccontextmanager
async def silent_port() -> AsyncIterator[SilentPort]:
    """For tests that connect in this process; `frozen_port` serves other processes too."""
    silent = SilentPort()
    server = await asyncio.start_server(silent.serve, LOOPBACK)
    silent.host = f"{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    try:
        yield silent
    finally:
        server.close()
