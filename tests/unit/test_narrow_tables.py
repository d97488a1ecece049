import pytest

from worker.cli.narrow_table import Column, lay_out


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
