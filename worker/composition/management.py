"""What asks RabbitMQ's management API, where it may be asked."""

from collections.abc import Coroutine
from functools import partial

from worker.composition.common import Common
from worker.infra.hosts import vhost_of
from worker.infra.messaging.consuming.lookout import CountHeld, unknown_held
from worker.infra.messaging.management.api import ManagementApi
from worker.infra.messaging.management.standing import count_held
from worker.infra.messaging.management.standing_watch import StandingWatch
from worker.infra.messaging.management.wear import find_wear
from worker.infra.messaging.names import retry_queue


def held_counter(common: Common) -> CountHeld:
    """Counts the deliveries that RabbitMQ believes a consumer holds."""
    api = _api(common)
    if api is None:
        return unknown_held
    return partial(count_held, api, vhost_of(common.settings.current_rabbitmq_url()))


def standing_watch(common: Common) -> list[Coroutine[None, None, None]]:
    """What watches messages that stand still; nothing where the API may not be asked."""
    api = _api(common)
    if api is None:
        return []
    settings = common.settings
    vhost = vhost_of(settings.current_rabbitmq_url())
    retries = [*map(retry_queue, settings.worker_retry_delays)]
    return [StandingWatch(api, vhost, retries, common.metrics.stands_still, common.durations).run()]


async def find_counting_policy(common: Common) -> str | None:
    """Which policy would count a look at dead letters against them, if the API may be asked."""
    api = _api(common)
    return None if api is None else await find_wear(api, common.settings.current_rabbitmq_url())


def _api(common: Common) -> ManagementApi | None:
    if common.settings.rabbitmq_management_url is None:
        return None
    return ManagementApi(common.settings.current_management_url, common.durations.call)
