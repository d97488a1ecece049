from collections.abc import Iterator
from contextlib import contextmanager

from dev.servers import PrivateRabbitMQ, run_folder
from dev.servers.signals import ending_in_good_order


@contextmanager
def own_rabbitmq(*, management: bool = False) -> Iterator[PrivateRabbitMQ]:
    """A broker that tests may break; with `management` it also lists consumers and channels."""
    with ending_in_good_order(), run_folder() as folder:
        rabbitmq = PrivateRabbitMQ(
            folder / "rabbitmq", management=management, statistics=management
        )
        rabbitmq.start()
        yield rabbitmq
