import pytest

from worker.application.outcomes import Failure, Outcome
from worker.dead_letters.change_report import CanaryResult, ChangeReport, DeadAgain
from worker.dead_letters.known_names import CODES
from worker.dead_letters.rehearsal import Verdict, summarize
from worker.dead_letters.responsibility import who_acts
from worker.domain.error_code import ErrorCode

DEAD = [DeadAgain("a", "car-not-found"), DeadAgain("b", "too-large")]


@pytest.mark.parametrize(
    ("canary", "failure"),
    [
        (CanaryResult(3, [], []), ""),
        (
            CanaryResult(1, DEAD, ["c"]),
            "the canary failed: 2 of 4 are dead again, a with car-not-found",
        ),
        (
            CanaryResult(1, [], ["c", "d"]),
            "the canary came to no end: nobody has handled c yet; is a worker running?",
        ),
    ],
)
def test_a_canary_says_why_the_rest_must_not_follow(canary: CanaryResult, failure: str) -> None:
    assert canary.failure == failure


@pytest.mark.parametrize(
    ("report", "summary"),
    [
        (
            ChangeReport(audit_id=7, verb="replayed", selected=5, done=5),
            "replayed 5 of 5 dead letters (audit 7)",
        ),
        (
            ChangeReport(audit_id=7, verb="discarded", selected=5, done=2, why_stopped="full"),
            "discarded 2 of 5 dead letters; 3 are untouched (audit 7)",
        ),
        (
            ChangeReport(audit_id=7, verb="imported", selected=3, done=1, edited=0, not_in_queue=2),
            (
                "imported 1 of 3 dead letters, 0 edited, 2 no longer in the queue; "
                "2 are untouched (audit 7)"
            ),
        ),
    ],
)
def test_a_summary_says_what_is_done_and_what_is_not(report: ChangeReport, summary: str) -> None:
    assert report.summary == summary


def test_verdicts_are_counted_by_outcome_and_code_with_the_first_message_as_sample() -> None:
    refused = Failure(ErrorCode.UNKNOWN_TYPE, "no car x")

    verdicts = summarize(
        [("a", Outcome.DUPLICATE), ("b", refused), ("c", Outcome.APPLIED), ("d", refused)]
    )

    assert verdicts == [
        Verdict("would fail again", "unknown-type", 2, "b", "no car x"),
        Verdict("duplicate", None, 1, "a", ""),
        Verdict("would apply", None, 1, "c", ""),
    ]


@pytest.mark.parametrize("code", CODES)
def test_of_every_code_that_there_is_somebody_is_told_to_act(code: str) -> None:
    assert str(who_acts(code)).startswith("probably ")


def test_nobody_is_told_to_act_on_a_code_that_nobody_knows() -> None:
    assert who_acts("car-stolen") is None
