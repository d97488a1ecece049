from collections.abc import Sequence

from worker.application.apply_batch import ApplyBatch
from worker.application.batch import Content
from worker.application.outcomes import Result

REHEARSED_AT_ONCE = 400


class Rehearsal:
    """Predicts the results of messages; `apply` works on a snapshot that is discarded.

    Messages see the effects of messages rehearsed before them.
    """

    def __init__(self, apply: ApplyBatch) -> None:
        self._apply = apply

    async def __call__(self, contents: Sequence[Content]) -> list[Result]:
        """The result of each message, in the order given; decoding failures are returned as is."""
        results: list[Result] = []
        for start in range(0, len(contents), REHEARSED_AT_ONCE):
            results.extend(await self._apply(contents[start : start + REHEARSED_AT_ONCE]))
        return results
