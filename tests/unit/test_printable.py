import pytest

from worker.infra.printable import printable


@pytest.mark.parametrize("text", ["", "MX-1", "ŠKODA Octavia", "🚗"])
def test_what_can_be_printed_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("a\nb", r"a\nb"),
        ("\x1b[2Jé", r"\x1b[2Jé"),
        ("\x00\x7f\x85", r"\x00\x7f\x85"),
        ("\u2028\u202e", r"\u2028\u202e"),
        ("\udcff", r"\udcff"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, printed: str) -> None:
    assert printable(text) == printed
