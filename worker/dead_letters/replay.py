"""Sends dead letters to the main queue: first the canary, then the creations, then the rest."""

import asyncio
from collections.abc import Sequence

from worker.application.commands import CommandMessage
from worker.dead_letters.change import Change, open_change
from worker.dead_letters.change_report import CanaryResult, ChangeReport, DeadAgain
from worker.dead_letters.frozen_selection import FrozenSelection, as_document, freeze
from worker.dead_letters.progress import Progress
from worker.dead_letters.replay_options import ReplayOptions
from worker.dead_letters.session import DeadLetterSession
from worker.dead_letters.taking import Taking
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.clocks import utc_now
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters
from worker.infra.db.repositories.recorded_messages import PostgresRecordedMessages
from worker.infra.messaging.amqp.confirming_publisher import ConfirmingPublisher
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.outcome_watch import OutcomeWatch, ReplayOutcomes, Sent
from worker.infra.messaging.dead_letters.rate_limit import RateLimit
from worker.infra.messaging.dead_letters.replayed import replayed
from worker.infra.messaging.dead_letters.resend import Outgoing, Resend
from worker.infra.messaging.events.decoding import Decoder


async def replay(
    session: DeadLetterSession,
    selection: Selection,
    options: ReplayOptions,
    progress: Progress,
    stop: asyncio.Event,
) -> ChangeReport:
    """Replays the selected ones; those that arrive later are not touched."""
    await session.claim()
    await session.sweep()
    frozen = await freeze(session, selection)
    asked = as_document(selection)
    async with (
        open_change(session, "replay", "replayed", asked, len(frozen), progress, stop) as change,
        session.open_publisher() as publisher,
    ):
        await Replay(session, change, frozen, options, publisher).run()
    return change.report()


class Replay:
    """One replay of a frozen selection."""

    def __init__(
        self,
        session: DeadLetterSession,
        change: Change,
        frozen: FrozenSelection,
        options: ReplayOptions,
        publisher: ConfirmingPublisher,
    ) -> None:
        durations = session.durations
        self._change = change
        self._frozen = frozen
        self._canary = options.canary
        self._watched: list[Sent] | None = None
        self._taking = Taking(session, RateLimit(options.rate), change.stop)
        self._resend = Resend(publisher, change.audit, _prepare, self._on_done)
        self._outcomes = OutcomeWatch(
            PostgresRecordedMessages(session.sessions).find,
            PostgresDeadLetters(session.sessions).find_replayed_again,
            patience=session.retry_seconds + durations.outcome_patience,
            poll=durations.outcome_poll,
            stop=change.stop,
        )

    async def run(self) -> None:
        """Sends all, unless the canary fails or the caller wants it to stop."""
        canary, creations, others = self._frozen.split(self._canary)
        if canary:
            self._judge(await self._send_and_watch(canary))
        if not self._change.why_stopped:
            await (self._send_and_watch(creations) if others else self._send(creations))
            await self._send(others)

    async def _send(self, keys: Sequence[bytes]) -> None:
        await self._taking.run(keys, self._resend, self._frozen.vanished)

    async def _send_and_watch(self, keys: Sequence[bytes]) -> ReplayOutcomes:
        """Waits for their outcomes, too."""
        watched: list[Sent] = []
        self._watched = watched
        await self._send(keys)
        self._watched = None
        return await self._outcomes.wait(watched)

    def _on_done(self, sent: Sequence[Outgoing]) -> None:
        self._change.advance(len(sent))
        if self._watched is not None:
            self._watched.extend(_watchable(item) for item in sent)

    def _judge(self, outcomes: ReplayOutcomes) -> None:
        canary = CanaryResult(
            len(outcomes.recorded),
            [DeadAgain(item.handle, code) for item, code in outcomes.dead_again],
            [item.handle for item in outcomes.unknown],
        )
        self._change.canary = canary
        self._change.why_stopped = canary.failure


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
