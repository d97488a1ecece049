"""Messages per second, ours against the peers: in turn, repeated, ratios within each round."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from benchmarks.contestants import OURS, PEERS, Contestant
from benchmarks.drain import Drained, measure_drain
from dev.servers import Servers

Round = Mapping[str, Drained]
Figure = Callable[[Drained], float]


def measure_rounds(
    servers: Servers, rounds: int, messages: int, peers: Sequence[Contestant] = PEERS
) -> list[Round]:
    """Each round drains the same filling by each contestant in turn."""
    return [
        {
            contestant.key: asyncio.run(measure_drain(servers, contestant, messages))
            for contestant in (OURS, *peers)
        }
        for _ in range(rounds)
    ]


def median_of(rounds: Sequence[Round], key: str, figure: Figure) -> float:
    """The median of a contestant's figure."""
    return median(figure(measured[key]) for measured in rounds)


def median_ratio(rounds: Sequence[Round], key: str, figure: Figure) -> float:
    """The median of ours against a contestant's, both of the same round."""
    return median(figure(measured[OURS.key]) / figure(measured[key]) for measured in rounds)
