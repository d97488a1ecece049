"""Publishes with confirms, on a separate connection.

A broker that is short of memory or disk blocks connections that publish, which would also stall
acknowledgements on the same connection.
"""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from weakref import WeakValueDictionary

import structlog
from aiormq.abc import AbstractChannel
from aiormq.exceptions import AMQPChannelError, DeliveryError, PublishError
from pamqp.commands import Basic

from worker.infra.durations import Durations
from worker.infra.messaging.amqp.blockable_connection import BlockableConnection
from worker.infra.messaging.amqp.connection import (
    BROKER_ERRORS,
    closing_is_an_error,
    in_brief,
)
from worker.infra.messaging.amqp.nodes import Node, to_a_node
from worker.infra.server_urls import ServerUrl

UNCONFIRMED_AT_MOST = 64

_log = structlog.get_logger(__name__)


class BrokerUnavailableError(Exception):
    """The broker did not confirm: publish again later, or leave the original message in place."""


class BrokerLostError(BrokerUnavailableError):
    """The connection failed, or RabbitMQ gave no answer and no reason."""


class UnroutableError(BrokerUnavailableError):
    """No queue is bound for this routing key."""


class UnpublishableError(Exception):
    """The properties cannot be encoded; retrying does not help."""


class ConfirmingPublisher:
    """Publishes mandatory messages to one exchange and waits for the confirms."""

    def __init__(self, url: ServerUrl, *, exchange: str, name: str, durations: Durations) -> None:
        self._exchange = exchange
        self._url = url
        self._name = name
        self._durations = durations
        self._connection: BlockableConnection | None = None
        self._node: str | None = None
        self._left: str | None = None
        self._blocked_because: str | None = None
        self._channel: AbstractChannel | None = None
        self._opening: asyncio.Task[AbstractChannel] | None = None
        self._room = asyncio.Semaphore(UNCONFIRMED_AT_MOST)
        self._one_by_one: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def publish(self, body: bytes, properties: Basic.Properties, routing_key: str) -> None:
        """Returns when the broker has the message on disk, in the queues bound to the routing key.

        Raises:
            BrokerUnavailableError: the message may or may not have arrived.
            BrokerLostError: the same, and RabbitMQ does not say why.
            UnroutableError: the message reached no queue.
            UnpublishableError: the message cannot be encoded.
        """
        async with self._turn(properties.message_id), self._room:
            channel = await self._open_channel()
            was_blocked = self._blocked_because is not None
            try:
                async with asyncio.timeout(self._durations.confirm), closing_is_an_error():
                    await channel.basic_publish(
                        body,
                        exchange=self._exchange,
                        routing_key=routing_key,
                        properties=properties,
                        mandatory=True,
                    )
            except PublishError as error:
                raise UnroutableError(f"no queue takes {routing_key!r}") from error
            except DeliveryError as error:  # a response: the channel can still be used
                raise BrokerUnavailableError(f"refused: is {routing_key!r} full?") from error
            except BROKER_ERRORS as error:
                await self._discard(channel)
                raise self._not_confirmed(error) from error
            except (ValueError, TypeError, ArithmeticError) as error:
                raise UnpublishableError(in_brief(error)) from error
            if was_blocked:  # on a connection before this one, whose end RabbitMQ never told
                self._note_blocked(None)

    def _turn(self, message_id: str | None) -> AbstractAsyncContextManager[None]:
        """Serializes copies with the same id; for messages without one, aiormq generates ids."""
        if not message_id:
            return nullcontext()
        return self._one_by_one.setdefault(message_id, asyncio.Lock())

    async def close(self) -> None:
        """Closes the connection."""
        if self._opening is not None:
            self._opening.cancel()
        self._channel = None
        await self._disconnect()

    async def _open_channel(self) -> AbstractChannel:
        """Opens a channel; concurrent callers share one attempt, as their timeouts would add up."""
        if self._channel is not None and not self._channel.is_closed:
            return self._channel
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._connect())
        try:
            return await asyncio.shield(self._opening)
        except BROKER_ERRORS as error:
            raise BrokerLostError(f"cannot connect: {in_brief(error)}") from error

    async def _connect(self) -> AbstractChannel:
        await self._disconnect()
        self._connection = await to_a_node(
            self._url(), self._name, self._reach, self._durations, self._left
        )
        async with asyncio.timeout(self._durations.call):
            self._channel = await self._connection.channel(on_return_raises=True)
        return self._channel

    async def _reach(self, node: Node) -> BlockableConnection:
        connection = BlockableConnection(node.url, self._note_blocked)
        await connection.connect()
        self._node = node.name
        _log.info("connected for publishing", connection=self._name, node=node.name)
        return connection

    def _note_blocked(self, because: str | None) -> None:
        """Logs that RabbitMQ blocks publishing, and that it ended: once, whatever reconnects."""
        was, self._blocked_because = self._blocked_because, because
        if because is not None and because != was:
            _log.warning("RabbitMQ blocks publishing", reason=because)
        elif because is None and was is not None:
            _log.info("RabbitMQ accepts messages again")

    def _not_confirmed(self, error: BaseException) -> BrokerUnavailableError:
        if self._blocked_because is not None:
            because = f"RabbitMQ blocks publishing: {self._blocked_because}"
            return BrokerUnavailableError(f"not confirmed: {because}")
        is_told = isinstance(error, AMQPChannelError)
        kind = BrokerUnavailableError if is_told else BrokerLostError
        return kind(f"not confirmed: {in_brief(error)}")

    async def _discard(self, channel: AbstractChannel) -> None:
        """Drops a channel on which a publish is unconfirmed, and leaves its node.

        A returned message is matched by its id alone: it could be mistaken for the next copy
        with the same id. A node that a partition cut off confirms nothing.
        """
        if channel is self._channel:
            self._left = self._node
            self._channel = None
            await self._disconnect()

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*BROKER_ERRORS):
                async with asyncio.timeout(self._durations.close):
                    await connection.close()
