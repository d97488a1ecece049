from aiormq.abc import AbstractConnection
from aiormq.connection import Connection


def node_of(connection: AbstractConnection) -> str:
    """What a connection leads to: `host:port`."""
    assert isinstance(connection, Connection)
    return f"{connection.url.host}:{connection.url.port}"
