"""Options that filter cars."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Annotated

import typer

from worker.domain.errors import InvalidQueryError, InvalidValueError
from worker.domain.value_objects.entity_id import parse_entity_id

_PLAIN_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_FIELD = re.compile(r"^\w+|(?<= is above )\w+")


def parse_pesos(text: str) -> Decimal:
    """Parses an exact amount; `Decimal` alone also accepts `1e5`, `1_000` and `NaN`."""
    if _PLAIN_DECIMAL.fullmatch(text) is None:
        raise typer.BadParameter(f"{text!r} is not a decimal number such as 349999.00")
    return Decimal(text)


def parse_car_id(text: str) -> str:
    """Parses the id of a car."""
    try:
        return parse_entity_id(text)
    except InvalidValueError as invalid:
        raise typer.BadParameter(str(invalid)) from None


@contextmanager
def problems_as_typed() -> Iterator[None]:
    """Has problems of a search name the options: `--year-min 2021 is above --year-max 2020`."""
    try:
        yield
    except InvalidQueryError as invalid:
        raise InvalidQueryError([_FIELD.sub(_option, told) for told in invalid.problems]) from None


def _option(field: re.Match[str]) -> str:
    return "--" + field[0].replace("_", "-")


CarId = Annotated[str, typer.Argument(parser=parse_car_id, metavar="ID")]
Make = Annotated[str | None, typer.Option(help="Exactly this make, ignoring case.")]
Model = Annotated[str | None, typer.Option(help="Exactly this model, ignoring case.")]
YearMin = Annotated[int | None, typer.Option(help="From this model year.")]
YearMax = Annotated[int | None, typer.Option(help="Up to this model year.")]
PriceMin = Annotated[
    Decimal | None, typer.Option(parser=parse_pesos, metavar="PESOS", help="From this price.")
]
PriceMax = Annotated[
    Decimal | None, typer.Option(parser=parse_pesos, metavar="PESOS", help="Up to this price.")
]
IncludeWithdrawn = Annotated[
    bool, typer.Option("--include-withdrawn", help="Also cars that are no longer listed.")
]
Limit = Annotated[int, typer.Option(help="Rows of the page, 1 to 200.")]
Offset = Annotated[int, typer.Option(help="Rows to skip.")]
