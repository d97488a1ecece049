"""How many examples a property is tried with: others in every run."""

from typing import Any

from hypothesis import HealthCheck, settings

QUICK = "quick"

_ALL = 100
_ON_A_BUSY_MACHINE: Any = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("thorough", max_examples=_ALL, **_ON_A_BUSY_MACHINE)
settings.register_profile(QUICK, max_examples=_ALL // 4, **_ON_A_BUSY_MACHINE)


def examples(count: int, **options: Any) -> settings:
    """So many in `make test-full`, and a quarter of them in `make test`."""
    share = settings().max_examples / _ALL
    return settings(max_examples=round(count * share), **options)
