"""Users and roles with the rights that docs/security.md gives them, made by its own statements."""

import json
import re
import secrets
import shlex
import urllib.request
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import asyncpg

from dev.servers.management import ManagementApi
from tests.conftest import ROOT

PASSWORD = f"secret@{secrets.token_hex(8)}"
_PAGE = ROOT / "docs" / "security.md"


@dataclass(frozen=True, slots=True)
class RestrictedUrls:
    """One URL for each user that the page tells to make."""

    migrate: str
    run: str
    worker: str
    publisher: str


@asynccontextmanager
async def postgres_roles(admin_url: str, database_url: str) -> AsyncIterator[tuple[str, str]]:
    """The URLs of the two roles; their names are fresh, for roles belong to all databases."""
    suffix = f"_{secrets.token_hex(4)}"
    database = urlsplit(database_url).path.removeprefix("/")
    statements = re.sub(
        r"\b(inventory_(?:migrate|worker))\b",
        rf"\1{suffix}",
        block_of_page("sql", containing="CREATE ROLE"),
    )
    roles = sorted(set(re.findall(rf"inventory_\w+{suffix}", statements)))
    statements = statements.replace("change-me", PASSWORD)
    await execute(database_url, statements.replace("DATABASE inventory", f"DATABASE {database}"))
    migrate, run = (_as_user(database_url, role) for role in roles)
    try:
        yield migrate, run
    finally:
        for role in reversed(roles):
            await execute(database_url, f"DROP OWNED BY {role}")
            await execute(admin_url, f"DROP ROLE {role}")


@contextmanager
def rabbitmq_users(api: ManagementApi, rabbitmq_url: str) -> Iterator[tuple[str, str]]:
    """The URLs of worker and publisher, in the vhost of the given URL."""
    vhost = urlsplit(rabbitmq_url).path.removeprefix("/")
    names, urls = [], []
    for line in block_of_page("sh", containing="set_permissions").splitlines():
        user, configure, write, read = shlex.split(line)[-4:]
        names.append(f"{user}-{vhost}")
        _ask(api, "PUT", f"users/{names[-1]}", {"password": PASSWORD, "tags": ""})
        rights = {"configure": configure, "write": write, "read": read}
        _ask(api, "PUT", f"permissions/{vhost}/{names[-1]}", rights)
        urls.append(_as_user(rabbitmq_url, names[-1]))
    worker, publisher = urls
    try:
        yield worker, publisher
    finally:
        for name in names:
            _ask(api, "DELETE", f"users/{name}", {})


def set_password(api: ManagementApi, rabbitmq_url: str, password: str) -> str:
    """The URL of the same user with another password; open connections stay."""
    url = urlsplit(rabbitmq_url)
    _ask(api, "PUT", f"users/{url.username}", {"password": password, "tags": ""})
    where = url.netloc.rpartition("@")[2]
    return url._replace(netloc=f"{url.username}:{quote(password)}@{where}").geturl()


def block_of_page(language: str, *, containing: str) -> str:
    """The one block of code in this language that holds this text."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", _PAGE.read_text(), re.DOTALL | re.MULTILINE)
    [block] = [block for block in blocks if containing in block]
    return str(block)


def _as_user(url: str, user: str) -> str:
    where = urlsplit(url).netloc.rpartition("@")[2]
    return urlsplit(url)._replace(netloc=f"{user}:{quote(PASSWORD)}@{where}").geturl()


async def execute(url: str, statements: str) -> None:
    """Runs statements on a connection of their own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


def _ask(api: ManagementApi, method: str, path: str, content: dict[str, str]) -> None:
    credentials = b64encode(f"{api.user}:{api.password}".encode()).decode()
    request = urllib.request.Request(
        f"{api.where}/api/{quote(path)}",
        method=method,
        data=json.dumps(content).encode(),
        headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30):
        pass
