"""Real servers for tests, demo, benchmarks and `make run`.

    with start_servers() as servers, servers.fresh("test") as fresh:
        run_something(fresh.database_url, fresh.rabbitmq_url)

Everything started here is stopped at the end of the block, also after an error.
"""

from dev.servers.choose import start_database, start_servers
from dev.servers.database import fresh_database
from dev.servers.errors import ServersUnavailableError
from dev.servers.private_postgres import PrivatePostgres
from dev.servers.private_rabbitmq import PrivateRabbitMQ
from dev.servers.run_folder import run_folder
from dev.servers.server_set import Servers, ServerSet
from dev.servers.vhosts import fresh_vhost

__all__ = [
    "PrivatePostgres",
    "PrivateRabbitMQ",
    "ServerSet",
    "Servers",
    "ServersUnavailableError",
    "fresh_database",
    "fresh_vhost",
    "run_folder",
    "start_database",
    "start_servers",
]
