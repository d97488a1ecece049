from pamqp.commands import Basic

from worker.infra.messaging.delivery import Delivery


def undelivered(
    body: bytes, properties: Basic.Properties, exchange: str, routing_key: str
) -> Delivery:
    """A message as the broker would deliver it, to judge it before it is sent."""
    return Delivery(
        tag=0,
        body=body,
        properties=properties,
        exchange=exchange,
        routing_key=routing_key,
        channel=_Nowhere(),
    )


class _Nowhere:
    """The channel of a message that no broker delivered: there is nothing to settle."""

    is_lost = True

    async def acknowledge(self, tags: list[int]) -> None:
        """Nothing waits for it."""

    async def give_back(self, tag: int) -> None:
        """Nothing waits for it."""

    async def reject(self, tag: int) -> None:
        """Nothing waits for it."""

    def give_up(self, reason: str) -> None:
        """There is no subscription."""
