from dataclasses import replace

import pytest

from worker.infra.db.models import CarModel
from worker.infra.db.repositories.car_rows import CAR_ROWS


def test_a_column_that_nothing_writes_is_refused() -> None:
    constant = {
        column: read for column, read in CAR_ROWS.constant.items() if column is not CarModel.year
    }

    with pytest.raises(TypeError, match=r"cars\.year is in no row mapping"):
        replace(CAR_ROWS, constant=constant)
