"""Messages per second, ours against the peers: in turn, repeated, ratios within each round."""

import argparse
import asyncio
import json
from dataclasses import asdict
from statistics import median

from benchmarks.contestants import OURS, PEERS, Contestant
from benchmarks.drain import Drained, measure_drain
from benchmarks.preparing import prepare
from dev.servers import Servers, start_servers

Round = dict[str, Drained]


def main() -> None:
    options = _parse_arguments()
    contestants = [c for c in (OURS, *PEERS) if not options.only or c.key in options.only]
    with start_servers() as running, running.fresh("bench") as servers:
        prepare(servers)
        rounds = [
            asyncio.run(_round(servers, contestants, options.messages))
            for _ in range(options.rounds)
        ]
    for contestant in contestants:
        figures = [r[contestant.key] for r in rounds]
        print(
            f"{contestant.title:45}"
            f"{median(f.messages_per_second for f in figures):8.0f} messages/s"
            f"{median(f.cpu_microseconds_per_message for f in figures):8.0f} us CPU/message"
            f"{median(f.peak_megabytes for f in figures):6.0f} MB"
        )
    print(json.dumps([{k: asdict(v) for k, v in r.items()} for r in rounds]))


async def _round(servers: Servers, contestants: list[Contestant], messages: int) -> Round:
    return {c.key: await measure_drain(servers, c, messages) for c in contestants}


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--only", nargs="*")
    return parser.parse_args()


if __name__ == "__main__":
    main()
