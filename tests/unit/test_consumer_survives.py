"""A consumer is never left without a subscription, and without a word."""

import asyncio

from structlog.testing import capture_logs

from tests.support.messages import clock
from tests.support.settling import RecordingChannel, ScriptedPublisher, Silent
from worker.application.batch import DeadLetterOf
from worker.application.outcomes import Result
from worker.infra.clocks import Clocks
from worker.infra.database_identity import DatabaseIdentity
from worker.infra.durations import Durations
from worker.infra.messaging.consuming.batch_handler import BatchHandler
from worker.infra.messaging.consuming.batching import Batching
from worker.infra.messaging.consuming.consumer import Consumer, ConsumerOptions
from worker.infra.messaging.consuming.holding import Holding
from worker.infra.messaging.consuming.inbox import Inbox
from worker.infra.messaging.consuming.pause_switch import PauseSwitch
from worker.infra.messaging.consuming.settling import Settler
from worker.infra.messaging.consuming.store_retry import StoreRetry
from worker.infra.messaging.consuming.suspects import Suspects
from worker.infra.messaging.events.decoding import Decoder

DURATIONS = Durations(first_pause=0.001, longest_pause=0.001)


class Connecting:
    """Is asked before each connect; aiormq cancels what waits on a connection that closes."""

    def __init__(self) -> None:
        self.times = 0
        self.again = asyncio.Event()

    async def check_schema(self) -> None:
        self.times += 1
        if self.times == 1:
            raise asyncio.CancelledError
        self.again.set()
        await asyncio.Event().wait()


async def test_a_consumer_that_aiormq_cancels_subscribes_again() -> None:
    connecting = Connecting()
    consumer = consuming(connecting)

    with capture_logs() as logs:
        running = asyncio.create_task(consumer.run())
        await asyncio.wait_for(connecting.again.wait(), timeout=10)
        consumer.stop()
        await asyncio.wait_for(running, timeout=10)

    assert [log["event"] for log in logs] == ["subscribing again"]


def consuming(connecting: Connecting) -> Consumer:
    async def unasked() -> None:
        return None

    async def identify() -> DatabaseIdentity:
        raise AssertionError

    async def apply(_: object, __: DeadLetterOf) -> list[Result]:
        raise AssertionError

    async def give_up(*_: object) -> bool:
        raise AssertionError

    finishing, observer = asyncio.Event(), Silent()
    store_retry = StoreRetry(observer, finishing, DURATIONS)
    holding = Holding(observer, finishing, DURATIONS)
    settler = Settler(ScriptedPublisher(RecordingChannel()), (), observer, clock, DURATIONS)
    batching = Batching(
        inbox=Inbox(DURATIONS, Decoder(clock)),
        suspects=Suspects(
            trials=None,  # type: ignore[arg-type] # nothing arrives
            give_up=give_up,
            observer=observer,
            store_retry=store_retry,
            finishing=finishing,
        ),
        holding=holding,
        clocks=Clocks(DURATIONS.clocks_apart),
        batch_size=1,
        finishing=finishing,
    )
    handler = BatchHandler(apply, settler, settler.dead_letter_of, store_retry, holding, observer)
    options = ConsumerOptions(
        url=lambda: "amqp://nowhere",
        identify_database=identify,
        check_schema=connecting.check_schema,
        pause_switch=PauseSwitch(unasked, DURATIONS),
        prefetch=1,
        delays=(),
        startup_timeout=10,
        shutdown_timeout=10,
    )
    return Consumer(options, DURATIONS, batching, handler, settler, unasked, observer)
