from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """`canary` messages before all others, 0 for none; `rate` messages per second, None for any."""

    canary: int = 0
    rate: float | None = None
