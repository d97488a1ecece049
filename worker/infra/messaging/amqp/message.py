from dataclasses import dataclass

from pamqp.commands import Basic
from pamqp.common import FieldTable


@dataclass(slots=True, eq=False)
class Message:
    """A message independent of its delivery."""

    body: bytes
    properties: Basic.Properties
    exchange: str
    routing_key: str

    @property
    def headers(self) -> FieldTable:
        """The headers, empty if there are none."""
        return self.properties.headers or {}
