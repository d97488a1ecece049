import io

import pytest
from rich.console import Console

from worker.cli.narrow_table import Column, NarrowTable, lay_out


@pytest.mark.parametrize(
    ("width", "kept", "below"),
    [
        (60, {0: 10, 1: 8, 2: 20}, []),
        (49, {0: 10, 1: 8, 2: 20}, []),
        (30, {0: 10, 1: 8}, [2]),
        (20, {0: 10}, [1, 2]),
        (8, {}, [0, 1, 2]),
    ],
)
def test_columns_stay_in_the_row_by_rank_while_there_is_room(
    width: int, kept: dict[int, int], below: list[int]
) -> None:
    columns = [Column("a", False, 10), Column("b", True, 8), Column("c", False, 20)]

    layout = lay_out(columns, [0, 1, 2], width)

    assert (layout.kept, layout.below) == (kept, below)


def test_a_column_wider_than_half_the_terminal_goes_below_so_that_others_stay() -> None:
    columns = [Column("id", False, 60), Column("price", True, 16), Column("year", True, 4)]

    layout = lay_out(columns, [0, 1, 2], 80)

    assert (layout.kept, layout.below) == ({1: 16, 2: 4}, [0])


def test_the_last_column_is_folded_where_enough_room_is_left_for_it() -> None:
    columns = [Column("field", False, 20), Column("value", False, 300)]

    assert lay_out(columns, [0, 1], 80).kept == {0: 20, 1: 55}
    assert lay_out(columns, [0, 1], 54).below == [1]


@pytest.mark.parametrize(("encoding", "rule"), [("ascii", "-"), ("utf-8", "─")])
def test_what_has_no_room_is_below_its_row_and_rules_are_in_the_encoding(
    encoding: str, rule: str
) -> None:
    columns = [Column("id", False, 4), Column("why", False, 40), Column("#n", True, 3)]
    written = io.BytesIO()
    console = Console(file=io.TextIOWrapper(written, encoding), width=30)

    table = NarrowTable(console, columns, lay_out(columns, [0, 1, 2], 30))
    table.print("two", [("a", "it was " + "very " * 6 + "bad", "12"), ("b", "", "3")])

    console.file.flush()
    assert written.getvalue().decode(encoding).splitlines() == [
        "two",
        "",
        "  id      #n",
        " " + rule * 11,
        "  a       12",
        "    why it was very very very",
        "    very very very bad",
        "  b        3",
        "",
    ]
