from typing import Protocol


class Entity(Protocol):
    """What the catalog keeps under an id."""

    @property
    def id(self) -> str:
        """Never changes, and is unique among its kind."""
        ...
