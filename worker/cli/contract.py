"""`contract`: prints the contract with publishers."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from worker.infra.contract_document import contract_file


class Format(StrEnum):
    """The formats of the document."""

    YAML = "yaml"
    JSON = "json"


def contract(
    form: Annotated[Format, typer.Option("--format", help="The format to print.")] = Format.YAML,
) -> None:
    """Print the contract with publishers, an AsyncAPI 3 document."""
    sys.stdout.write(contract_file(f"asyncapi.{form}").read_text(encoding="utf-8"))
