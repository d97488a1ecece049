"""Messages per second of ours and the peers, measured in alternation with ratios per round."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.chart import draw_chart
from benchmarks.contestants import OURS, PEERS, Contestant, in_c
from benchmarks.drain import Drained, measure_drain
from benchmarks.options import Options
from benchmarks.peers.c_batch import compile_peer
from benchmarks.results import RESULTS
from dev.servers import Servers
from worker.cli.output import print_table

Round = Mapping[str, Drained]
Figure = Callable[[Drained], float]


def run(servers: Servers, options: Options) -> dict[str, Any]:
    """Measures ours and all peers, and draws a chart of the medians."""
    with TemporaryDirectory() as folder:
        program = Path(folder) / "c_batch"
        limit = [in_c(program)] if compile_peer(program) else []
        figures = measure_contestants(servers, (OURS, *PEERS, *limit), options)
    _draw(figures["medians"])
    return figures


def measure_contestants(
    servers: Servers, contestants: Sequence[Contestant], options: Options
) -> dict[str, Any]:
    """Measures contestants in turn, ours among them, and prints a table."""
    rounds = [
        _measure_round(servers, _starting_at(first, contestants), options)
        for first in range(options.rounds)
    ]
    columns = (
        *("consumer", "#messages/s", "#CPU µs/message", "#WAL bytes/message", "#peak MB"),
        *("#speed: ours is", "#CPU: ours is"),
    )
    title = f"{options.messages} messages, medians of {options.rounds} rounds"
    print_table(title, columns, [_row(rounds, contestant) for contestant in contestants])
    return {
        "messages": options.messages,
        "rounds": [{key: asdict(drained) for key, drained in r.items()} for r in rounds],
        "ratios": {
            peer.key: {
                "speed": _ratio(rounds, peer.key, speed),
                "cpu": _ratio(rounds, peer.key, cpu),
            }
            for peer in contestants
            if peer.key != OURS.key
        },
        "medians": {c.title: _median(rounds, c.key, speed) for c in contestants},
    }


def speed(drained: Drained) -> float:
    """Messages per second."""
    return drained.messages_per_second


def cpu(drained: Drained) -> float:
    """Microseconds of the consumer's CPU per message."""
    return drained.cpu_microseconds_per_message


def _measure_round(
    servers: Servers, contestants: Sequence[Contestant], options: Options
) -> dict[str, Drained]:
    return {c.key: asyncio.run(measure_drain(servers, c, options.messages)) for c in contestants}


def _starting_at(first: int, contestants: Sequence[Contestant]) -> Sequence[Contestant]:
    """Each round starts with another one: what the last one left behind must not hit the same."""
    start = first % len(contestants)
    return (*contestants[start:], *contestants[:start])


def _row(rounds: Sequence[Round], contestant: Contestant) -> tuple[str, ...]:
    key = contestant.key
    return (
        contestant.title,
        f"{_median(rounds, key, speed):.0f}",
        f"{_median(rounds, key, cpu):.0f}",
        f"{_median(rounds, key, lambda drained: drained.wal_bytes_per_message):.0f}",
        f"{_median(rounds, key, lambda drained: drained.peak_megabytes):.0f}",
        f"{_ratio(rounds, key, speed):.2f} x",
        f"{_ratio(rounds, key, cpu):.3g} x",
    )


def _median(rounds: Sequence[Round], key: str, figure: Figure) -> float:
    return median(figure(measured[key]) for measured in rounds)


def _ratio(rounds: Sequence[Round], key: str, figure: Figure) -> float:
    """The median ratio of ours to a contestant's, within each round."""
    return median(figure(measured[OURS.key]) / figure(measured[key]) for measured in rounds)


def _draw(medians: Mapping[str, float]) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "throughput.svg").write_text(
        draw_chart("messages per second", list(medians.items()))
    )
