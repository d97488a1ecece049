"""Makes aiormq raise RabbitMQ's reason when it refuses a connection.

aiormq 7.2.4 raises `InvalidFrameError` with the address of an object if `connection.open` is
answered by `connection.close`, although the next lines of the same function would raise the reply
code and text. `tests/integration/test_refused_connections.py` fails without this.
"""

from pamqp.commands import Connection


def hear_refusals() -> None:
    """Patches pamqp in this process; idempotent."""
    Connection.Open.valid_responses = [Connection.OpenOk.name, Connection.Close.name]
