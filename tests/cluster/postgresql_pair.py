"""A PostgreSQL primary and its streaming standby."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from dev.servers.ports import LOOPBACK
from tests.cluster.postgresql_server import PostgresServer

_PATIENCE_SECONDS = 60
_LOOK_AGAIN_SECONDS = 0.03

_FLUSHED = """
SELECT coalesce(bool_and(flush_lsn >= pg_current_wal_flush_lsn()), false) FROM pg_stat_replication
"""
_SYNCHRONOUS = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
_WALSENDER = "SELECT pid FROM pg_stat_replication"


class PostgresPair:
    """Which of the two is the primary changes with `promote`."""

    def __init__(self, folder: Path) -> None:
        self._a, self._b = (PostgresServer(folder, name) for name in ("a", "b"))
        self.primary, self.standby = self._a, self._b
        self._walsender: int | None = None

    @property
    def url_of_both(self) -> str:
        """Both hosts, first the one that was the primary at first."""
        url = urlsplit(self._a.database_url)
        user = url.netloc.rpartition("@")[0]
        hosts = f"{LOOPBACK}:{self._a.port},{LOOPBACK}:{self._b.port}"
        return url._replace(netloc=f"{user}@{hosts}").geturl()

    async def start(self) -> None:
        await asyncio.to_thread(self.primary.start)
        await asyncio.to_thread(self.standby.copy, self.primary)
        await asyncio.to_thread(self.standby.start)
        await self.until_caught_up()

    def end(self) -> None:
        """Ends both, frozen ones too."""
        self.mend_standby()
        for server in (self.primary, self.standby):
            server.kill()

    async def promote(self) -> None:
        """The standby becomes the primary, whatever the other one does."""
        await self.fetch("SELECT pg_promote(true, 60)", self.standby)
        self.primary, self.standby = self.standby, self.primary
        self._walsender = None

    async def rejoin(self) -> None:
        """The former primary, which must have ended, comes back as the standby."""
        await asyncio.to_thread(self.standby.follow, self.primary)

    async def make_synchronous(self) -> None:
        """Commits wait for the standby from now on."""
        name = self.standby.name
        await self.fetch(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
        await self.fetch("SELECT pg_reload_conf()")
        await self.until(lambda: self.fetch(_SYNCHRONOUS), "a synchronous standby")

    async def cut_standby(self) -> None:
        """The standby gets nothing more: stopping it alone would leave data under way."""
        self._walsender = await self.fetch(_WALSENDER)
        assert self._walsender is not None
        os.kill(self._walsender, signal.SIGSTOP)

    def mend_standby(self) -> None:
        if self._walsender is not None:
            with suppress(ProcessLookupError):  # it went with its primary
                os.kill(self._walsender, signal.SIGCONT)
            self._walsender = None

    async def until_caught_up(self) -> None:
        await self.until(lambda: self.fetch(_FLUSHED), "a standby that has everything")

    async def fetch(self, statement: str, server: PostgresServer | None = None) -> Any:
        """The value that a statement returns, from the primary unless told otherwise."""
        url = (server or self.primary).database_url
        connection = await asyncpg.connect(url, timeout=5)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close(timeout=2)

    async def until(self, condition: Callable[[], Awaitable[Any]], what: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not await condition():  # noqa: ASYNC110 - the servers send no event
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        except TimeoutError:
            raise AssertionError(f"waited in vain for {what}") from None
