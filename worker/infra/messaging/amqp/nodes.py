"""Connects to one of the RabbitMQ nodes that a URL names."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import aio_pika
from aio_pika.abc import AbstractConnection, ConnectionParameter
from aio_pika.connection import Connection
from aio_pika.robust_connection import RobustConnection
from aiormq.abc import TimeoutType
from typing_extensions import override
from yarl import URL

from worker.infra.durations import Durations
from worker.infra.hosts import hosts_of, with_host
from worker.infra.in_turn import InTurn, Server
from worker.infra.messaging.amqp.connection import BROKER_ERRORS, in_brief, named

T = TypeVar("T")

TLS_NAME = "server_hostname"
"""The parameter of `asyncio.open_connection` for the name that a certificate must have."""

_TLS_PARAMETER = ConnectionParameter(name=TLS_NAME, parser=str, is_kwarg=True)


@dataclass(frozen=True, slots=True)
class Node:
    """One address of one node; `name` is what people know it by."""

    name: str
    url: str


class NodeConnection(Connection):
    """Connects to an address, and takes the certificate of its name alone."""

    PARAMETERS = (*Connection.PARAMETERS, _TLS_PARAMETER)

    @override
    async def connect(self, timeout: TimeoutType = None) -> None:
        """Connects, or ends: aio-pika would go on trying after its caller has given up."""
        try:
            await super().connect(timeout)
        except BaseException:
            await self.close()
            raise


class RobustNodeConnection(NodeConnection, RobustConnection):
    """The same for FastStream."""

    PARAMETERS = (*RobustConnection.PARAMETERS, _TLS_PARAMETER)


async def to_a_node(
    url: str, name: str, connect: Callable[[Node], Awaitable[T]], durations: Durations
) -> T:
    """Tries the nodes in random order, so that the workers of a lost one spread over the others.

    `name` is what operators see of the connection.

    Raises:
        NoServerError: no node lets us in.
        Exception: one of `BROKER_ERRORS`, if there is only one.
    """
    turns = InTurn(
        variable="RABBITMQ_URL",
        order=lambda servers: random.sample(servers, k=len(servers)),
        errors=BROKER_ERRORS,
        in_brief=in_brief,
        first_round=durations.first_round,
        total=durations.connect,
    )
    return await turns.connect(
        hosts_of(url), lambda server: connect(Node(server.label, _url_of(server, url, name)))
    )


async def connect(url: str, name: str, durations: Durations) -> tuple[AbstractConnection, str]:
    """A connection, and the name of the node."""
    return await to_a_node(url, name, _connect, durations)


async def _connect(node: Node) -> tuple[AbstractConnection, str]:
    return await aio_pika.connect(node.url, connection_class=NodeConnection), node.name


def _url_of(server: Server, url: str, name: str) -> str:
    """The URL of one address, which TLS does not take for the name of the host."""
    alone = named(with_host(url, server.address, server.host.port), name)
    if not alone.startswith("amqps://"):
        return alone
    return str(URL(alone).update_query({TLS_NAME: server.host.name}))
