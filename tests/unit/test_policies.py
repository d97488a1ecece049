from typing import Any

import pytest

from worker.infra.messaging.management.policies import judge
from worker.infra.messaging.names import DEAD_LETTER_QUEUE, MAIN_QUEUE
from worker.infra.messaging.retry_delays import parse_retry_delays
from worker.infra.messaging.topology import NEVER_DROPPED, queue_specs

DEAD, MAIN, RETRY = queue_specs(parse_retry_delays("5s"))


def policy(definition: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {
        "name": "by-ops",
        "pattern": ".*",
        "apply-to": "all",
        "priority": 0,
        "definition": definition,
        **options,
    }


def test_the_queues_are_the_ones_that_are_judged() -> None:
    assert (DEAD.name, MAIN.name) == (DEAD_LETTER_QUEUE, MAIN_QUEUE)


@pytest.mark.parametrize(
    ("definition", "lossy"),
    [
        ({"delivery-limit": 3}, {DEAD.name}),
        ({"max-length": 3}, {DEAD.name}),
        ({"max-length-bytes": 3}, {DEAD.name}),
        ({"max-length": 3, "overflow": "reject-publish"}, set()),
        ({"max-length": 3, "overflow": "drop-head"}, {DEAD.name, MAIN.name, RETRY.name}),
        ({"message-ttl": 3}, {DEAD.name}),
        ({"expires": 3}, {DEAD.name, MAIN.name, RETRY.name}),
        ({"dead-letter-exchange": "other"}, {MAIN.name, RETRY.name}),
        ({"dead-letter-routing-key": "other"}, {MAIN.name, RETRY.name}),
    ],
)
def test_what_loses_messages_is_told_for_the_queues_where_it_does(
    definition: dict[str, Any], lossy: set[str]
) -> None:
    verdicts = {queue.name: judge(queue, [policy(definition)], []) for queue in (DEAD, MAIN, RETRY)}

    assert {name for name, told in verdicts.items() if told and told.is_lossy} == lossy


@pytest.mark.parametrize(
    "harmless",
    [
        policy({"delivery-limit": NEVER_DROPPED}),
        policy({"queue-leader-locator": "balanced"}),
        policy({"max-length": 3}, pattern="^someone-else"),
        policy({"max-length": 3}, **{"apply-to": "exchanges"}),
        policy({"max-length": 3}, **{"apply-to": "classic_queues"}),
    ],
)
def test_what_changes_nothing_of_ours_is_not_told(harmless: dict[str, Any]) -> None:
    assert judge(MAIN, [harmless], []) is None
    assert judge(DEAD, [], [harmless]) is None


def test_a_policy_of_higher_priority_shields_from_another_but_not_from_an_operator() -> None:
    harm = policy({"max-length": 3})
    shield = policy({"delivery-limit": NEVER_DROPPED}, name="shield", priority=1)

    assert judge(DEAD, [shield, harm], []) is None
    assert judge(DEAD, [harm, shield], []) is None
    by_operator = judge(DEAD, [shield], [harm])
    assert by_operator is not None
    assert "operator policy by-ops" in by_operator.problem


def test_a_pattern_that_only_erlang_reads_counts_as_matching() -> None:
    assert judge(DEAD, [policy({"max-length": 3}, pattern="(?|a|b)++(")], []) is not None
