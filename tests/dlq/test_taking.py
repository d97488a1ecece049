"""Taking letters whose rows have changed since they were chosen."""

import asyncio
from collections.abc import Sequence

from dev.servers import Servers
from worker.dead_letters.session import open_session
from worker.dead_letters.taking import Taking
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.rate_limit import RateLimit
from worker.settings import Settings


async def test_letters_that_were_settled_meanwhile_are_not_handled(empty: Servers) -> None:
    handled: list[Sequence[DeadLetter]] = []

    async def handle(letters: Sequence[DeadLetter], _: object) -> None:
        handled.append(letters)

    settings = Settings.model_validate(
        {"database_url": empty.database_url, "rabbitmq_url": empty.rabbitmq_url}
    )
    async with open_session(
        settings, "discard", by="ana", durations=DEFAULT_DURATIONS, on_wait=lambda: None
    ) as session:
        taking = Taking(session, RateLimit(None), asyncio.Event())
        await taking.run([b"settled"], handle, vanished=[b"settled"])

    assert handled == []
