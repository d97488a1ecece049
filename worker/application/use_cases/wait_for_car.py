from worker.application.outcomes import Decision, Outcome
from worker.application.use_cases.observe import compare
from worker.domain.entities.early_observation import EarlyObservation


def wait_for_car(early: EarlyObservation, waiting: EarlyObservation | None) -> Decision:
    """Keeps what is said of a car that is not created yet, if it is newer than what waits."""
    outcome = compare(early.said, None if waiting is None else waiting.said)
    return Decision(Outcome.EARLY, (early,)) if outcome is Outcome.APPLIED else Decision(outcome)
