"""Sends dead letters to the main queue: first the canary, then the creations, then the rest."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

from worker.dead_letters.change_report import CanaryResult, DeadAgain
from worker.dead_letters.frozen_selection import is_creation
from worker.dead_letters.jobs.doubts import settle_doubts
from worker.dead_letters.jobs.once import Once
from worker.dead_letters.jobs.report import canary_of
from worker.dead_letters.jobs.sent import as_sent
from worker.dead_letters.jobs.task import JobTask
from worker.dead_letters.replay_options import ReplayOptions
from worker.dead_letters.taking import Taking
from worker.domain.value_objects.job import JobStep
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters
from worker.infra.db.repositories.job_letters import JobLetter
from worker.infra.db.repositories.recorded_messages import PostgresRecordedMessages
from worker.infra.messaging.amqp.confirming_publisher import ConfirmingPublisher
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.outcome_watch import OutcomeWatch, ReplayOutcomes, Sent
from worker.infra.messaging.dead_letters.rate_limit import RateLimit
from worker.infra.messaging.dead_letters.records import to_letter
from worker.infra.messaging.dead_letters.replayed import replayed
from worker.infra.messaging.dead_letters.resend import Outgoing, Resend


async def run_replay(task: JobTask) -> None:
    """Sends what is left to send; what its last runner may have sent is not sent again."""
    doubts = await settle_doubts(task)
    undone = [letter for letter in task.undone if letter.position not in doubts.given_up]
    async with task.session.open_publisher() as publisher:
        replay = Replay(task, publisher, doubts.sent)
        if not task.change.stop.is_set():
            await replay.run(undone)


class Replay:
    """One replay; `known_sent` are keys of letters that an earlier runner has sent."""

    def __init__(
        self, task: JobTask, publisher: ConfirmingPublisher, known_sent: Sequence[bytes]
    ) -> None:
        session, change = task.session, task.change
        self._task = task
        self._options = ReplayOptions(**task.job.options)
        self._watched: list[Sent] | None = None
        rate_limit = RateLimit(self._options.rate)
        self._taking = Taking(session, rate_limit, change.stop, task.tell_that_it_looks)
        resend = Resend(publisher, task.audit, _prepare, self._on_done)
        self._once = Once(resend, task.audit, known_sent, self._on_done)
        self._outcomes = OutcomeWatch(
            PostgresRecordedMessages(session.sessions).find,
            partial(
                PostgresDeadLetters(session.sessions).find_replayed_again, since=task.job.created_at
            ),
            patience=session.retry_seconds + session.durations.outcome_patience,
            poll=session.durations.outcome_poll,
            stop=change.stop,
        )

    async def run(self, undone: Sequence[JobLetter]) -> None:
        """Sends all, unless the canary fails or the change is to stop."""
        canary = self._options.canary
        if canary:
            await self._run_canary([letter for letter in undone if letter.position <= canary])
        rest = [letter for letter in undone if letter.position > canary]
        creations = [letter for letter in rest if is_creation(letter.type)]
        others = [letter for letter in rest if not is_creation(letter.type)]
        if not self._task.change.why_stopped:
            if others:
                await self._send_and_watch(creations, [], JobStep.CREATIONS)
            else:
                await self._send(creations)
            await self._send(others)

    async def _run_canary(self, undone: Sequence[JobLetter]) -> None:
        task = self._task
        result = canary_of(task.job)
        if result is None:
            is_resumed = task.job.process is not None
            known = await task.letters.read_first(self._options.canary) if is_resumed else []
            earlier = [as_sent(to_letter(stored.record)) for stored in known]
            result = _judge(await self._send_and_watch(undone, earlier, JobStep.CANARY))
            if not task.change.is_left:
                await task.audit.report({"canary": asdict(result)})
        task.change.canary = result
        task.change.why_stopped = task.change.why_stopped or result.failure

    async def _send(self, letters: Sequence[JobLetter]) -> None:
        vanished = {letter.key for letter in letters if letter.is_vanished}
        await self._taking.run([letter.key for letter in letters], self._once, vanished)

    async def _send_and_watch(
        self, letters: Sequence[JobLetter], earlier: Sequence[Sent], step: JobStep
    ) -> ReplayOutcomes:
        """Waits for their outcomes, too, and for those of some that were sent earlier."""
        watched = [*earlier]
        self._watched = watched
        await self._send(letters)
        self._watched = None
        if watched:
            await self._task.audit.tell(step)
        return await self._outcomes.wait(watched)

    def _on_done(self, sent: Sequence[Outgoing]) -> None:
        self._task.change.advance(len(sent))
        if self._watched is not None:
            self._watched.extend(as_sent(item.letter) for item in sent)


def _judge(outcomes: ReplayOutcomes) -> CanaryResult:
    return CanaryResult(
        len(outcomes.recorded),
        [DeadAgain(item.handle, code) for item, code in outcomes.dead_again],
        [item.handle for item in outcomes.unknown],
    )


def _prepare(letter: DeadLetter) -> Outgoing:
    return Outgoing(letter, replayed(letter))
