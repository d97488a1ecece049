"""Fresh databases on any PostgreSQL."""

import asyncio
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import asyncpg

from dev.servers.errors import ServersUnavailableError


@contextmanager
def fresh_database(admin_url: str, name_prefix: str) -> Iterator[str]:
    """Create a database and yield its URL; drop it at the end, with its open connections."""
    name = f"{name_prefix}_{secrets.token_hex(4)}"
    _execute(admin_url, f'CREATE DATABASE "{name}"')
    try:
        yield urlsplit(admin_url)._replace(path=f"/{name}").geturl()
    finally:
        _execute(admin_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _execute(url: str, statement: str) -> None:
    """Run the statement in a thread, since the caller may be inside an event loop."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, _execute_async(url, statement)).result()


async def _execute_async(url: str, statement: str) -> None:
    try:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        where = urlsplit(url)
        raise ServersUnavailableError(
            f"PostgreSQL at {where.hostname}:{where.port or 5432} cannot be used: {error}"
        ) from error
