"""`contract`: prints the contract with publishers."""

import sys
from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """The formats of the document."""

    YAML = "yaml"
    JSON = "json"


def contract(
    form: Annotated[Format, typer.Option("--format", help="The format to print.")] = Format.YAML,
) -> None:
    """Print the contract with publishers, an AsyncAPI 3 document."""
    document = _folder() / f"asyncapi.{form}"
    sys.stdout.write(document.read_text(encoding="utf-8"))


def _folder() -> Traversable:
    """Inside the package if it is installed, beside it in a checkout and in the image."""
    packaged = files("worker") / "contract"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "contract"
