"""What a killed runner of a job leaves behind."""

from aio_pika import Message
from sqlalchemy import text

from tests.support.broker import MAIN, Broker
from tests.support.histories import Event
from worker.infra.db.engine import Sessions


async def send_replay(broker: Broker, event: Event) -> None:
    """Sends what the killed runner has sent."""
    message = Message(
        event.body,
        content_type="application/json",
        message_id=event.message_id,
        type=event.type,
        app_id=event.source,
        headers={"x-replays": 1},
    )
    channel = await broker.connection.channel()
    exchange = await channel.get_exchange("inventory-worker")
    await exchange.publish(message, MAIN, mandatory=True)


async def leave_job(
    sessions: Sessions, job_id: int, *, sending: int = 0, done: int = 0, seconds_ago: int = 0
) -> None:
    """Leaves a job as a runner does that is killed: its first letters are on their way, or done."""
    state, count = ("sending", sending) if sending else ("done", done)
    async with sessions.begin() as session:
        for statement in (
            """UPDATE job_letters SET state = :state, done_at = now() - :ago * interval '1 second'
            WHERE position <= :count""",
            "UPDATE jobs SET state = 'running', process = 'host:1', done = :done WHERE id = :job",
            """UPDATE dead_letters SET state = 'replayed', settled_at = now()
            WHERE key IN (SELECT key FROM job_letters WHERE state = 'done')""",
        ):
            values = {"state": state, "count": count, "done": done, "job": job_id}
            values["ago"] = seconds_ago
            await session.execute(text(statement), values)
