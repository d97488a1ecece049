"""`dlq replay`: first the canary, then the creations, then the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.application.commands import CommandMessage
from worker.cli.dlq.change import Change, open_change, report
from worker.cli.dlq.desk import Desk, open_desk
from worker.composition import utc_now
from worker.infra.db.repositories.recorded_messages import PostgresRecordedMessages
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.amqp.confirming_publisher import ConfirmingPublisher
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.frozen_selection import FrozenSelection, freeze
from worker.infra.messaging.dead_letters.outcome_watch import Ends, OutcomeWatch, Sent
from worker.infra.messaging.dead_letters.rate_limit import RateLimit
from worker.infra.messaging.dead_letters.replayed import replayed
from worker.infra.messaging.dead_letters.resend import Outgoing, Resend
from worker.infra.messaging.dead_letters.selection import SelectedKeys, Selection
from worker.infra.messaging.dead_letters.selective_drain import SelectiveDrain
from worker.infra.messaging.events.decoding import Decoder
from worker.infra.messaging.names import WORKER_EXCHANGE

PATIENCE_SECONDS = 60.0
"""How long after the last news, and all retry delays, a replayed message counts as stuck."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How to replay: `canary` messages before all others, `rate` messages per second."""

    canary: int
    rate: float | None
    by: str | None
    as_json: bool


async def replay_chosen(choice: Selection, options: ReplayOptions) -> None:
    """Replays them, and says how far it came."""
    async with open_desk("replay", options.by) as desk:
        await desk.claim()
        frozen = await freeze(desk.look, choice)
        document = choice.as_document()
        async with open_change(
            desk, "replay", "replayed", options.by, document, len(frozen)
        ) as change:
            replay = Replay(desk, change, frozen, options)
            try:
                await replay.run()
            finally:
                await replay.close()
    report(change, as_json=options.as_json)


class Replay:
    """One replay of frozen dead letters."""

    def __init__(
        self, desk: Desk, change: Change, frozen: FrozenSelection, options: ReplayOptions
    ) -> None:
        self._change = change
        self._frozen = frozen
        self._canary = options.canary
        self._watched: list[Sent] | None = None
        self._publisher = ConfirmingPublisher(
            desk.rabbitmq_url,
            exchange=WORKER_EXCHANGE,
            name="inventory-worker-replay",
            durations=DEFAULT_DURATIONS,
        )
        self._sweep = SelectiveDrain(
            desk.rabbitmq_url, desk.turn, RateLimit(options.rate), change.stop
        )
        self._resend = Resend(self._publisher, change.audit, _prepare, self._on_done)
        self._watch = OutcomeWatch(
            PostgresRecordedMessages(desk.sessions).find,
            desk.count_dead_letters,
            desk.look,
            desk.retry_seconds + PATIENCE_SECONDS,
            change.stop,
        )

    async def run(self) -> None:
        """Sends all, unless the canary fails or somebody wants it to stop."""
        canary, creations, others = self._frozen.split(self._canary)
        if canary:
            self._judge(await self._send_and_watch(canary))
        if not self._change.why_stopped:
            await (self._send_and_watch(creations) if others else self._send(creations))
            await self._send(others)

    async def close(self) -> None:
        """Disconnects."""
        await self._publisher.close()

    async def _send(self, keys: Sequence[bytes]) -> None:
        await self._sweep.run(SelectedKeys(keys), self._resend)

    async def _send_and_watch(self, keys: Sequence[bytes]) -> Ends:
        """Waits for their ends, too."""
        watched: list[Sent] = []
        self._watched = watched
        await self._send(keys)
        self._watched = None
        return await self._watch.wait(
            watched, dead=self._frozen.lying_there - self._change.audit.done
        )

    def _on_done(self, sent: Sequence[Outgoing]) -> None:
        self._change.advance(len(sent))
        if self._watched is not None:
            self._watched.extend(_watchable(item) for item in sent)

    def _judge(self, ends: Ends) -> None:
        self._change.told["canary"] = {
            "good": len(ends.recorded),
            "dead_again": [{"id": item.handle, "code": code} for item, code in ends.dead_again],
            "no_outcome": [item.handle for item in ends.unknown],
        }
        if ends.dead_again:
            item, code = ends.dead_again[0]
            self._change.why_stopped = (
                f"the canary failed: {len(ends.dead_again)} of {self._canary} are dead again, "
                f"{item.handle} with {code}"
            )
        elif ends.unknown:
            self._change.why_stopped = (
                f"the canary came to no end: nobody has handled {ends.unknown[0].handle} yet; "
                "is a worker running?"
            )


def _prepare(letter: DeadLetter) -> Outgoing:
    return Outgoing(letter, replayed(letter))


def _watchable(item: Outgoing) -> Sent:
    content = Decoder(utc_now).try_decode(item.message)
    letter = item.letter
    return Sent(
        letter.handle,
        letter.identity,
        content.digest if isinstance(content, CommandMessage) else None,
        letter.content_key,
        letter.history.replays + 1,
    )
