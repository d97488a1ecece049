from collections.abc import Sequence

from worker.application.apply_batch import ApplyBatch
from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure, Result

REHEARSED_AT_ONCE = 400


class Rehearsal:
    """Predicts the results of messages; `apply` works on a snapshot that is discarded.

    Messages see the effects of messages rehearsed before them.
    """

    def __init__(self, apply: ApplyBatch) -> None:
        self._apply = apply

    async def __call__(self, contents: Sequence[CommandMessage | Failure]) -> list[Result]:
        """The result of each message, in the order given; decoding failures are returned as is."""
        results: list[Result] = []
        for start in range(0, len(contents), REHEARSED_AT_ONCE):
            results.extend(await self._rehearse(contents[start : start + REHEARSED_AT_ONCE]))
        return results

    async def _rehearse(self, contents: Sequence[CommandMessage | Failure]) -> list[Result]:
        messages = [content for content in contents if isinstance(content, CommandMessage)]
        applied = iter(await self._apply(messages) if messages else [])
        return [content if isinstance(content, Failure) else next(applied) for content in contents]
