"""The worker with hooks for drills: `python -m tests.support.hooked_worker`.

DIES_AT names a car whose messages end the worker at once, like a crash in C code.
RAISES_AT names a car whose messages raise a bug in their use case.
BUG names a file: while it exists, every message raises where it says, `handling` or `decoding`.
FAILS_FIRST=N has one price change in N be of an unknown type at its first attempt.
HOLD_SECONDS is how long messages are held while the database is unavailable.
PROBE_SECONDS is the time between two looks at the database.
LOCK_SECONDS is how long a statement waits for a lock.
SILENCE_SECONDS is when each side counts a silent database connection as dead.
PAUSE_DRAIN_SECONDS is how long a paused worker handles what it has in hand.
REDECLARE_SECONDS is how often the topology is declared again.
LOOKOUT_SECONDS is how often a worker that has nothing in hand asks RabbitMQ for its consumer,
LEADER_SECONDS how often it asks the leader of its queue, and how long it waits for the answer.
STANDING_SECONDS is how often it counts what stands still at RabbitMQ.
TALLY names a file to which each committed batch adds its results, and each begun beside another
one that it did.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from zlib import crc32

from pamqp.commands import Basic

from tests.support.histories import CHANGED
from worker.application import decide
from worker.application.catalog_state import CatalogState
from worker.application.commands import Command, CommandMessage
from worker.application.outcomes import Decision, Result
from worker.composition import common, consumer
from worker.composition.worker import run_worker
from worker.domain.error_code import ErrorCode
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.consuming import batching
from worker.infra.messaging.consuming.under_way import UnderWay
from worker.infra.messaging.events.decoding import Decoder
from worker.infra.messaging.events.invalid_message import InvalidMessageError
from worker.infra.messaging.headers import ATTEMPTS, REPLAYS
from worker.infra.telemetry.logging import configure_logging
from worker.infra.telemetry.metrics import Metrics
from worker.settings import read_settings

BESIDE = "begun beside another one"
EXIT_CODE = 139
MODULE = "tests.support.hooked_worker"
HOOKED = (sys.executable, "-m", MODULE)


class _TallyingMetrics(Metrics):
    def batch_settled(self, results: Sequence[tuple[str, Result]], seconds: float) -> None:
        super().batch_settled(results, seconds)
        _tally(Counter(str(getattr(result, "code", result)) for _, result in results))


class _TallyingUnderWay(UnderWay):
    def add(self, handling: asyncio.Task[None], cars: set[str]) -> None:
        if len(self):
            _tally({BESIDE: 1})
        super().add(handling, cars)


def _tally(counts: Mapping[str, int]) -> None:
    with Path(os.environ["TALLY"]).open("a") as file:
        file.write(json.dumps(counts) + "\n")


class _HookedDecoder(Decoder):
    def decode(self, message: Message) -> CommandMessage:
        _raise_the_bug_of("decoding")
        if _fails_first(message.properties):
            raise InvalidMessageError(ErrorCode.UNKNOWN_TYPE, "type")
        return super().decode(message)


def _fails_first(properties: Basic.Properties) -> bool:
    one_in = int(os.environ.get("FAILS_FIRST", "0"))
    if not one_in or properties.message_type != CHANGED:
        return False
    is_first = not {ATTEMPTS, REPLAYS} & (properties.headers or {}).keys()
    return is_first and crc32((properties.message_id or "").encode()) % one_in == 0


def _raise_the_bug_of(step: str) -> None:
    bug = Path(os.environ.get("BUG", "nowhere"))
    if bug.exists() and bug.read_text() == step:
        raise ZeroDivisionError("a secret of the message")


def dispatch(command: Command, catalog: CatalogState) -> Decision:
    if command.car_id == os.environ.get("DIES_AT"):
        os._exit(EXIT_CODE)
    if command.car_id == os.environ.get("RAISES_AT"):
        raise ZeroDivisionError("a secret of the message")
    _raise_the_bug_of("handling")
    return decide.dispatch(command, catalog)


def read_tally(file: Path) -> Counter[str]:
    """The results of all batches of all workers that wrote to this file."""
    lines = file.read_text().splitlines() if file.exists() else []
    return sum((Counter(json.loads(line)) for line in lines), Counter())


def _durations() -> Durations:
    """Durations, shortened if a drill sets the variables."""
    asked: dict[str, float] = {}
    if hold := os.environ.get("HOLD_SECONDS"):
        asked["hold"] = float(hold)
    if probe := os.environ.get("PROBE_SECONDS"):
        asked["probe_every"] = float(probe)
    if lookout := os.environ.get("LOOKOUT_SECONDS"):
        asked["lookout_every"] = float(lookout)
    if leader := os.environ.get("LEADER_SECONDS"):
        asked["leader_every"] = asked["leader_answer"] = float(leader)
    if standing := os.environ.get("STANDING_SECONDS"):
        asked["strays_every"] = asked["statistics_age"] = float(standing)
    if lock := os.environ.get("LOCK_SECONDS"):
        asked["lock"] = float(lock)
    if silence := os.environ.get("SILENCE_SECONDS"):
        asked["idle_in_transaction"] = asked["database_answer"] = float(silence)
    if drain := os.environ.get("PAUSE_DRAIN_SECONDS"):
        asked["pause_drain"] = float(drain)
    if redeclare := os.environ.get("REDECLARE_SECONDS"):
        asked["redeclare_every"] = float(redeclare)
    return Durations(**asked)


def main() -> None:
    if "TALLY" in os.environ:
        setattr(common, "Metrics", _TallyingMetrics)  # noqa: B010 - the module exports no such name
        setattr(batching, "UnderWay", _TallyingUnderWay)  # noqa: B010 - as above
    if os.environ.keys() & {"BUG", "FAILS_FIRST"}:
        setattr(consumer, "Decoder", _HookedDecoder)  # noqa: B010 - as above
    settings = read_settings()
    configure_logging(settings.worker_log_level, settings.worker_log_format)
    asyncio.run(run_worker(settings, dispatch, _durations()))


if __name__ == "__main__":
    main()
