"""The contract with publishers, as it is shipped."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def contract_file(name: str) -> Traversable:
    """Inside the package if it is installed, beside it in a checkout and in the image."""
    packaged = files("worker") / "contract"
    folder = packaged if packaged.is_dir() else Path(__file__).parents[2] / "contract"
    return folder / name
