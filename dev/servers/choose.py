"""Chooses the servers: given ones, else Docker's, else private ones."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from dev.servers.compose import ComposeServers, engine_runs
from dev.servers.private_postgres import PrivatePostgres
from dev.servers.private_rabbitmq import PrivateRabbitMQ
from dev.servers.run_folder import run_folder
from dev.servers.server_set import ServerSet
from dev.servers.signals import ending_in_good_order
from dev.servers.vhosts import find_admin

_POSTGRES, _RABBITMQ = "postgres", "rabbitmq"


@dataclass(frozen=True, slots=True)
class _Found:
    """The administrators' URLs of the servers; empty for a missing server."""

    database_url: str = ""
    rabbitmq_url: str = ""
    management_url: str = ""


@contextmanager
def start_servers() -> Iterator[ServerSet]:
    """Yield a PostgreSQL and a RabbitMQ; stop those started here afterwards.

    DATABASE_URL and RABBITMQ_URL of the caller are ignored: they may be production.
    """
    with _start(_POSTGRES, _RABBITMQ) as found:
        vhosts = find_admin(found.rabbitmq_url, found.management_url or None)
        yield ServerSet(found.database_url, found.rabbitmq_url, vhosts)


@contextmanager
def start_database() -> Iterator[str]:
    """Yield the administrator's URL of a PostgreSQL alone, which starts in under a second."""
    with _start(_POSTGRES) as found:
        yield found.database_url


@contextmanager
def _start(*wanted: str) -> Iterator[_Found]:
    given = _given()
    missing = [
        name
        for name, url in ((_POSTGRES, given.database_url), (_RABBITMQ, given.rabbitmq_url))
        if not url
    ]
    to_start = [name for name in missing if name in wanted]
    with ending_in_good_order(), run_folder() as folder:
        started = _start_in(folder, to_start) if to_start else _Found()
        yield _Found(
            database_url=given.database_url or started.database_url,
            rabbitmq_url=given.rabbitmq_url or started.rabbitmq_url,
            management_url=given.management_url if given.rabbitmq_url else started.management_url,
        )


def _given() -> _Found:
    return _Found(
        database_url=os.environ.get("TEST_DATABASE_URL", ""),
        rabbitmq_url=os.environ.get("TEST_RABBITMQ_URL", ""),
        management_url=os.environ.get("TEST_RABBITMQ_MANAGEMENT_URL", ""),
    )


def _start_in(folder: Path, services: Sequence[str]) -> _Found:
    return _in_containers(folder, services) if engine_runs() else _privately(folder, services)


def _in_containers(folder: Path, services: Sequence[str]) -> _Found:
    servers = ComposeServers(folder)
    servers.up(services)
    found = _Found()
    if _POSTGRES in services:
        found = replace(
            found,
            database_url=f"postgresql://postgres:dev@{servers.address(_POSTGRES, 5432)}/postgres",
        )
    if _RABBITMQ in services:
        found = replace(
            found,
            rabbitmq_url=f"amqp://guest:guest@{servers.address(_RABBITMQ, 5672)}/",
            management_url=f"http://{servers.address(_RABBITMQ, 15672)}",
        )
    return found


def _privately(folder: Path, services: Sequence[str]) -> _Found:
    """Start PostgreSQL while RabbitMQ starts, which takes ten times as long."""
    postgres = PrivatePostgres(folder / _POSTGRES) if _POSTGRES in services else None
    rabbitmq = (
        PrivateRabbitMQ(folder / _RABBITMQ, management=True) if _RABBITMQ in services else None
    )
    if rabbitmq:
        rabbitmq.launch()
    if postgres:
        postgres.start()
    if rabbitmq:
        rabbitmq.wait_ready()
    return _Found(
        database_url=postgres.database_url if postgres else "",
        rabbitmq_url=rabbitmq.rabbitmq_url if rabbitmq else "",
        management_url=rabbitmq.management_url if rabbitmq else "",
    )
