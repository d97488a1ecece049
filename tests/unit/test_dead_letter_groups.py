from datetime import datetime

from tests.support.letters import CHANGED, dead_letter
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.dead_letters.groups import Groups

EARLY, LATE = "2026-01-31T01:00:00+00:00", "2026-01-31T03:00:00+00:00"


def test_letters_of_one_code_and_type_are_one_group() -> None:
    groups = Groups()
    groups.add(dead_letter("a", x_error_at=LATE, x_attempts=2, x_replays=3, x_error_detail="first"))
    groups.add(dead_letter("b", x_error_at=EARLY, x_attempts=4, x_replays=0))
    groups.add(dead_letter("a", x_error_at=None))
    groups.add(dead_letter(None))

    [(code, type_, group)] = groups.largest_first()

    assert (code, type_) == ("invalid-event", CHANGED)
    assert (group.messages, len(group.contents), len(group.identities)) == (4, 3, 2)
    assert (group.attempts, group.replays) == (4, 3)
    assert (group.sample_id, group.sample_detail) == ("a", "first")
    assert group.oldest == datetime.fromisoformat(EARLY)
    assert group.newest == datetime.fromisoformat(LATE)
    assert groups.identities == {MessageIdentity("/dealers", id_) for id_ in ("a", "b")}
    assert group.count_recorded({MessageIdentity("/dealers", "b")}) == 1


def test_a_group_without_known_times_has_none() -> None:
    groups = Groups()
    groups.add(dead_letter(x_error_at=None))

    [(_, _, group)] = groups.largest_first()

    assert (group.oldest, group.newest) == (None, None)


def test_the_largest_group_comes_first_and_equal_ones_by_name() -> None:
    groups = Groups()
    for code in ("b", "a", "c", "c"):
        groups.add(dead_letter(x_error_code=code))

    assert [code for code, _, _ in groups.largest_first()] == ["c", "a", "b"]
