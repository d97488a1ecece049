"""TLS before a PostgreSQL that has none: the wheels that tests start are built without OpenSSL."""

import asyncio
import ssl
import threading
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from pathlib import Path
from typing import Self

from dev.servers.ports import LOOPBACK

_SSL_REQUEST = bytes.fromhex("00000008 04d2162f")
_YES, _NO = b"S", b"N"
_CHUNK_BYTES = 65_536


class TlsFront:
    """Answers PostgreSQL's SSLRequest, then passes on what it decrypts.

    https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
    It refuses whoever speaks without TLS, as `hostssl` in `pg_hba.conf` does.
    """

    def __init__(self, context: ssl.SSLContext, server_port: int) -> None:
        self._context = context
        self._server_port = server_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def show(self, certificate: Path, key: Path) -> None:
        """Shows another certificate from now on; open connections stay."""
        self._context.load_cert_chain(certificate, key)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        links = asyncio.all_tasks() - {asyncio.current_task()}
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError, EOFError):
            if await reader.readexactly(len(_SSL_REQUEST)) == _SSL_REQUEST:
                writer.write(_YES)
                await writer.start_tls(self._context)
                server = await asyncio.open_connection(LOOPBACK, self._server_port)
                await asyncio.gather(_carry(reader, server[1]), _carry(server[0], writer))
            else:
                writer.write(_NO)
        writer.close()


async def _carry(source: StreamReader, target: StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(_CHUNK_BYTES):
            target.write(data)
            await target.drain()
    target.close()
