"""`contract`: what publishers build against."""

from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """The forms in which the document is kept."""

    YAML = "yaml"
    JSON = "json"


def contract(
    form: Annotated[Format, typer.Option("--format", help="Which form to print.")] = Format.YAML,
) -> None:
    """Print the contract with publishers, an AsyncAPI 3 document."""
    document = _folder() / f"asyncapi.{form}"
    typer.echo(document.read_text(encoding="utf-8"), nl=False)


def _folder() -> Traversable:
    """Inside the package once that is built, else beside it: in a checkout and in the image."""
    packaged = files("worker") / "contract"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "contract"
