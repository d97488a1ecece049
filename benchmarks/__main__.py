"""`make bench`: measures, prints the tables, writes the figures and a chart."""

import argparse
import asyncio
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.backlog import measure_backlog_memory
from benchmarks.chart import draw_chart
from benchmarks.contestants import OURS, PEERS
from benchmarks.drain import Drained
from benchmarks.growth import grow
from benchmarks.latency import Latency, measure_latency
from benchmarks.preparing import prepare
from benchmarks.throughput import Round, measure_rounds, median_of, median_ratio
from dev.servers import Servers, start_servers
from worker.cli.output import print_table

RESULTS = Path(__file__).parent / "results"
OLD_CARS = 1_000_000
OLD_IDS = (0, 1_000_000, 5_000_000)
WAITING = 1_000_000


def main() -> None:
    """Runs the parts asked for, all by default."""
    options = _parse_arguments()
    figures: dict[str, Any] = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": len(__import__("os").sched_getaffinity(0)),
    }
    with start_servers() as running:
        for part in options.parts:
            with running.fresh(f"bench-{part}") as servers:
                prepare(servers)
                figures[part] = _PARTS[part](servers, options)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latest.json").write_text(json.dumps(figures, indent=2) + "\n")


def _throughput(servers: Servers, options: argparse.Namespace) -> dict[str, Any]:
    rounds = measure_rounds(servers, options.rounds, options.messages)
    rows = [_throughput_row(rounds, c.key, c.title) for c in (OURS, *PEERS)]
    columns = ("consumer", "#messages/s", "#CPU µs/message", "#peak MB", "#ours is", "#CPU of ours")
    print_table(f"{options.messages} messages, median of {options.rounds} rounds", columns, rows)
    speeds = [(c.title, median_of(rounds, c.key, _speed)) for c in (OURS, *PEERS)]
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "throughput.svg").write_text(draw_chart("messages per second", speeds))
    return {
        "messages": options.messages,
        "rounds": [{key: asdict(drained) for key, drained in r.items()} for r in rounds],
        "ratios": {
            peer.key: {
                "speed": median_ratio(rounds, peer.key, _speed),
                "cpu": median_ratio(rounds, peer.key, _cpu),
            }
            for peer in PEERS
        },
    }


def _throughput_row(rounds: Sequence[Round], key: str, title: str) -> tuple[str, ...]:
    return (
        title,
        f"{median_of(rounds, key, _speed):.0f}",
        f"{median_of(rounds, key, _cpu):.0f}",
        f"{median_of(rounds, key, lambda drained: drained.peak_megabytes):.0f}",
        f"{median_ratio(rounds, key, _speed):.2f} x",
        f"1/{1 / median_ratio(rounds, key, _cpu):.1f}",
    )


def _speed(drained: Drained) -> float:
    return drained.messages_per_second


def _cpu(drained: Drained) -> float:
    return drained.cpu_microseconds_per_message


def _latency(servers: Servers, options: argparse.Namespace) -> dict[str, Any]:
    contestants = (OURS, PEERS[0])
    rounds: list[dict[str, Latency]] = [
        {c.key: asyncio.run(measure_latency(servers, c, 500)) for c in contestants}
        for _ in range(options.rounds)
    ]
    rows = [
        (
            c.title,
            *(f"{_middle([getattr(r[c.key], p) for r in rounds]):.1f}" for p in ("p50", "p99")),
        )
        for c in contestants
    ]
    ratio = _middle([r[OURS.key].p99 / r[PEERS[0].key].p99 for r in rounds])
    print_table(
        f"publish to commit at 50 messages/s, p99 ratio {ratio:.2f}",
        ("consumer", "#p50 ms", "#p99 ms"),
        rows,
    )
    return {"rounds": [{k: asdict(v) for k, v in r.items()} for r in rounds], "p99_ratio": ratio}


def _growth(servers: Servers, options: argparse.Namespace) -> dict[str, Any]:
    speeds: dict[int, float] = {}
    empty = measure_rounds(servers, options.rounds, options.messages, ())
    speeds[-1] = median_of(empty, OURS.key, _speed)
    for ids in OLD_IDS:
        asyncio.run(grow(servers, cars=OLD_CARS, ids=ids))
        rounds = measure_rounds(servers, options.rounds, options.messages, ())
        speeds[ids] = median_of(rounds, OURS.key, _speed)
    rows = [
        (
            "empty" if ids < 0 else f"1,000,000 cars, {ids:,} ids",
            f"{speed:.0f}",
            f"{speed / speeds[-1]:.2f}",
        )
        for ids, speed in speeds.items()
    ]
    print_table("a database in use", ("database", "#messages/s", "#against empty"), rows)
    return {"messages_per_second": {str(ids): speed for ids, speed in speeds.items()}}


def _backlog(servers: Servers, options: argparse.Namespace) -> dict[str, Any]:
    peak = asyncio.run(measure_backlog_memory(servers, options.waiting))
    print_table(
        "a long queue",
        ("#waiting", "#peak MB of the worker"),
        [(f"{options.waiting:,}", f"{peak:.0f}")],
    )
    return {"waiting": options.waiting, "peak_megabytes": peak}


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


_PARTS = {"throughput": _throughput, "latency": _latency, "growth": _growth, "backlog": _backlog}


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*_PARTS, []], default=list(_PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--waiting", type=int, default=WAITING)
    return parser.parse_args()


if __name__ == "__main__":
    main()
