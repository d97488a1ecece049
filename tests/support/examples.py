"""How many examples a property is tried with: others in every run."""

from typing import Any

from hypothesis import settings

QUICK = "quick"

_ALL = 100
settings.register_profile("thorough", max_examples=_ALL)
settings.register_profile(QUICK, max_examples=_ALL // 4)


def examples(count: int, **options: Any) -> settings:
    """So many in `make test-full`, and a quarter of them in `make test`."""
    share = settings().max_examples / _ALL
    return settings(max_examples=round(count * share), deadline=None, **options)
