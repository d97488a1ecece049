"""A dry run predicts what the worker would do, also where it has to do a batch again."""

from dataclasses import replace

from tests.dlq.dead_letters import apply_events, creations, price_changes
from tests.support.messages import message_of
from worker.application.apply_batch import ApplyBatch
from worker.application.outcomes import Failure, Outcome
from worker.domain.error_code import ErrorCode
from worker.infra.db.engine import Sessions
from worker.infra.db.snapshot import open_snapshot


async def test_a_car_that_turns_out_to_exist_leaves_nothing_of_the_first_attempt(
    sessions: Sessions,
) -> None:
    known, new = creations(2)
    await apply_events(sessions, [known])
    contrary = message_of(replace(known, message_id="contrary", data=known.data | {"year": 2021}))

    async with open_snapshot(sessions) as snapshot:
        apply = ApplyBatch(lambda: snapshot)
        nothing_known = await apply([message_of(price_changes(1)[0])])
        results = await apply([message_of(new), contrary])
        again = await apply([message_of(new)])

    assert nothing_known == [Outcome.APPLIED]
    assert results[0] is Outcome.APPLIED
    assert isinstance(results[1], Failure)
    assert results[1].code is ErrorCode.CAR_ALREADY_EXISTS
    assert again == [Outcome.DUPLICATE]
