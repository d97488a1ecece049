"""A role of PostgreSQL that a worker logs in as, changed by an administrator while it works."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg

RIGHTS = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public"


@dataclass(frozen=True, slots=True)
class WorkerRole:
    """In the statements of `change`, `{role}` is its name."""

    name: str
    admin_url: str

    def url(self, password: str = "secret") -> str:
        url = urlsplit(self.admin_url)
        where = url.netloc.rpartition("@")[2]
        return url._replace(netloc=f"{self.name}:{password}@{where}").geturl()

    async def change(self, *statements: str) -> None:
        connection = await asyncpg.connect(self.admin_url)
        try:
            for statement in statements:
                await connection.execute(statement.replace("{role}", self.name))
        finally:
            await connection.close()

    async def end_sessions(self) -> None:
        await self.change(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'"
        )


@asynccontextmanager
async def worker_role(admin_url: str) -> AsyncIterator[WorkerRole]:
    """A role with the rights of a worker on the tables that are there."""
    role = WorkerRole(f"worker_{secrets.token_hex(4)}", admin_url)
    await role.change("CREATE ROLE {role} LOGIN PASSWORD 'secret'", f"GRANT {RIGHTS} TO {{role}}")
    try:
        yield role
    finally:
        await role.end_sessions()
        await role.change("DROP OWNED BY {role}", "DROP ROLE {role}")
