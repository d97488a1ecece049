import asyncio
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from worker.cli.dlq.change import Change, open_change, report
from worker.cli.dlq.desk import Desk, open_desk
from worker.cli.dlq.options import By
from worker.cli.failures import WRONG_USAGE
from worker.cli.output import AS_JSON
from worker.composition import utc_now
from worker.infra.db.repositories.recorded_messages import PostgresRecordedMessages
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.amqp.confirming_publisher import ConfirmingPublisher
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter, read_dead_letter
from worker.infra.messaging.dead_letters.dead_letter_file import DeadLetterFile, InvalidLineError
from worker.infra.messaging.dead_letters.errors import DeadLettersError
from worker.infra.messaging.dead_letters.import_plan import ImportPlan, plan_import
from worker.infra.messaging.dead_letters.rate_limit import LARGEST_BATCH, RateLimit
from worker.infra.messaging.dead_letters.resend import Outgoing, Resend
from worker.infra.messaging.dead_letters.selection import SelectedKeys
from worker.infra.messaging.dead_letters.selective_drain import SelectiveDrain
from worker.infra.messaging.events.decoding import Decoder
from worker.infra.messaging.names import WORKER_EXCHANGE
from worker.infra.printable import printable


def import_(
    file: Annotated[Path, typer.Argument(help="As `dlq export` or `dlq discard` wrote it.")],
    *,
    by: By = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Send the messages of a file, edited or not; each leaves the dead letters, if it is there."""
    try:
        with closing(DeadLetterFile(file)) as letters:
            plan = plan_import(letters, Decoder(utc_now))
            change = asyncio.run(_import(plan, file, by))
    except InvalidLineError as invalid:
        typer.echo(f"inventory-worker: {file}: {invalid}; nothing was changed", err=True)
        raise typer.Exit(WRONG_USAGE) from None
    report(change, as_json=as_json)


async def _import(plan: ImportPlan, file: Path, by: str | None) -> Change:
    async with open_desk("import", by) as desk:
        await desk.claim()
        await _refuse_what_was_applied(desk, plan)
        there, absent = await _find(desk, plan)
        document = {"file": printable(str(file)), "edited": len(plan.edits)}
        async with open_change(
            desk, "import", "imported", by, document, len(there) + len(absent)
        ) as change:
            change.told = {"edited": len(plan.edits), "not_in_queue": len(absent)}
            change.aside = f", {len(plan.edits)} edited, {len(absent)} no longer in the queue"
            await _send(desk, change, plan, SelectedKeys(there), absent)
    return change


async def _refuse_what_was_applied(desk: Desk, plan: ImportPlan) -> None:
    ids = {id_ for edit in plan.edits.values() for id_ in (edit.replaces, edit.becomes)}
    refused = plan.refused(await PostgresRecordedMessages(desk.sessions).find(ids))
    if refused is not None:
        raise DeadLettersError(
            f"line {refused.number}: message {refused.replaces.message_id} was applied already, "
            "as it was or by another edit; nothing was changed"
        )


async def _find(desk: Desk, plan: ImportPlan) -> tuple[list[bytes], set[bytes]]:
    """Fingerprints of those that are in the queue, content keys of those that are not."""
    there: list[bytes] = []
    absent = set(plan.positions)

    def look(message: Message) -> None:
        letter = read_dead_letter(message)
        if letter.content_key in plan.positions:
            there.append(letter.key)
            absent.discard(letter.content_key)

    await desk.look(look)
    return there, absent


async def _send(
    desk: Desk, change: Change, plan: ImportPlan, there: SelectedKeys, absent: set[bytes]
) -> None:
    publisher = ConfirmingPublisher(
        desk.rabbitmq_url,
        exchange=WORKER_EXCHANGE,
        name="inventory-worker-replay",
        durations=DEFAULT_DURATIONS,
    )

    def on_done(sent: Sequence[Outgoing]) -> None:
        change.advance(len(sent))

    resend = Resend(publisher, change.audit, plan.prepare, on_done)
    try:
        sweep = SelectiveDrain(desk.rabbitmq_url, desk.turn, RateLimit(None), change.stop)
        await sweep.run(there, resend)
        positions = [plan.positions[key] for key in absent]
        for start in range(0, len(positions), LARGEST_BATCH):
            if not change.stop.is_set():
                some = positions[start : start + LARGEST_BATCH]
                await resend(
                    [plan.file.read(position).letter for position in some], _nothing_to_ack
                )
    finally:
        await publisher.close()


async def _nothing_to_ack(_: Sequence[DeadLetter]) -> None:
    """These are in no queue."""
