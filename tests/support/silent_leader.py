from collections.abc import Iterator
from contextlib import contextmanager

from dev.servers import PrivateRabbitMQ


@contextmanager
def silent_leader(rabbitmq: PrivateRabbitMQ, queue: str) -> Iterator[None]:
    """The leader of a quorum queue answers nobody; the queue has no other member."""
    leader = f'list_to_atom("%2F_{queue}")'
    rabbitmq.ctl("eval", f"sys:suspend({leader}).")
    try:
        yield
    finally:
        rabbitmq.ctl("eval", f"sys:resume({leader}).")
