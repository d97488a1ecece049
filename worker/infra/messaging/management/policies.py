"""What policies in force take away from each of our queues.

Measured on RabbitMQ 3.10.8 and 4.3.6: of policy and argument the lower limit or time wins; for
`overflow` and `dead-letter-…` the policy does.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from worker.infra.messaging.names import DEAD_LETTER_QUEUE, MAIN_QUEUE
from worker.infra.messaging.topology import QueueSpec

_OUR_KIND = {"all", "queues", "quorum_queues"}
_SHIELD = "see docs/operations.md, what a policy does to each queue"

Effects = Mapping[str, tuple[str, bool]]
"""By key of a policy: what it does, with `{value}`, and whether messages are lost."""

_MAIN: Effects = {
    "delivery-limit": ("messages delivered more often than {value} become dead letters", False),
    "max-length": ("events beyond {value} are refused", False),
    "max-length-bytes": ("events beyond {value} bytes are refused", False),
    "message-ttl": ("events that wait for {value} ms become dead letters", False),
    "expires": ("the queue is deleted with its events after {value} ms without a consumer", True),
    "dead-letter-exchange": ("what RabbitMQ dead-letters goes to exchange {value}", True),
    "dead-letter-routing-key": ("what RabbitMQ dead-letters is routed by {value}", True),
    "overflow": ("{value}: events beyond a limit are deleted", True),
    "consumer-timeout": ("batches that take {value} ms are delivered again", False),
}
_RETRIES: Effects = {
    "max-length": ("retries beyond {value} are refused, and the worker waits", False),
    "max-length-bytes": ("retries beyond {value} bytes are refused, and the worker waits", False),
    "message-ttl": ("retries come after {value} ms if their delay is longer", False),
    "expires": ("the queue is deleted with its retries after {value} ms", True),
    "dead-letter-exchange": ("retries go to exchange {value} and do not come back", True),
    "dead-letter-routing-key": ("retries are routed by {value} and do not come back", True),
    "overflow": ("{value}: retries beyond a limit are deleted", True),
}
_DEAD_LETTERS: Effects = {
    "delivery-limit": ("letters that were taken more often than {value} are deleted", True),
    "max-length": ("the oldest letters beyond {value} are deleted", True),
    "max-length-bytes": ("the oldest letters beyond {value} bytes are deleted", True),
    "message-ttl": ("letters are deleted after {value} ms", True),
    "expires": ("the queue is deleted with its letters after {value} ms without use", True),
    "dead-letter-exchange": ("letters that another key drops go to exchange {value}", False),
}
_FULL: Effects = {
    "max-length": ("further letters than {value} are refused, and the worker waits", False),
    "max-length-bytes": (
        "letters beyond {value} bytes are refused, and the worker waits",
        False,
    ),
}
"""With `overflow: reject-publish` on the dead letters."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is lost on a queue and by which policies; `is_lossy` if it is messages."""

    problem: str
    is_lossy: bool


def judge(
    queue: QueueSpec, policies: list[Mapping[str, Any]], operator: list[Mapping[str, Any]]
) -> Verdict | None:
    """The harm that the policies in force do to the queue; None if they do none."""
    in_force = [
        (kind, policy)
        for kind, candidates in (("policy", policies), ("operator policy", operator))
        if (policy := _in_force(queue.name, candidates)) is not None
    ]
    overflow = {p["definition"].get("overflow") for _, p in in_force}
    effects = _effects(queue.name, refuses="reject-publish" in overflow)
    harms = [
        (f"{kind} {policy['name']}: {text}", is_lossy)
        for kind, policy in in_force
        for text, is_lossy in _harms(policy["definition"], queue, effects)
    ]
    if not harms:
        return None
    told = "; ".join(text for text, _ in harms)
    return Verdict(f"{told}: {_SHIELD}", any(is_lossy for _, is_lossy in harms))


def _in_force(queue: str, policies: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """One policy of each kind applies: the one with the highest priority."""
    matching = [p for p in policies if p["apply-to"] in _OUR_KIND and _matches(p, queue)]
    return max(matching, key=lambda policy: int(policy["priority"]), default=None)


def _matches(policy: Mapping[str, Any], queue: str) -> bool:
    try:
        return re.search(policy["pattern"], queue) is not None
    except re.error:  # Erlang's patterns have more: rather warn of one that does not match
        return True


def _effects(queue: str, *, refuses: bool) -> Effects:
    if queue == MAIN_QUEUE:
        return _MAIN
    if queue == DEAD_LETTER_QUEUE:
        return {**_DEAD_LETTERS, **_FULL} if refuses else _DEAD_LETTERS
    return _RETRIES


def _harms(
    definition: Mapping[str, Any], queue: QueueSpec, effects: Effects
) -> Iterator[tuple[str, bool]]:
    for key, value in definition.items():
        is_as_declared = queue.arguments.get(f"x-{key}") == value
        if key in effects and not is_as_declared:
            text, is_lossy = effects[key]
            yield f"{key}: {text.format(value=value)}", is_lossy
