"""Measures the CPU of a whole message with several HTTP clients: python -m loadtests.bench.transport [--rounds N].

A message is a webhook in, a durable transaction, and a reply out to a Graph API that takes 50 ms. The clients take
turns, because figures of different times are not comparable. Clients that are not installed (aiohttp, httpx-aiohttp)
are left out.
"""

import argparse
import importlib.util
import os
import statistics
import sys
import tempfile
from pathlib import Path

from loadtests.bench.tables import Cell, table
from loadtests.bench.webhooks import Bench, Scenario

#: The packages that each client needs.
NEEDS = {"recado": "httpx", "aiohttp": "aiohttp", "aiohttp below httpx": "httpx_aiohttp", "httpx": "httpx"}
SCENARIOS = (
    Scenario("320/s", ("--mode", "open", "--rate", "320")),
    Scenario("closed", ("--mode", "closed")),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    args = parser.parse_args()
    clients = [client for client, module in NEEDS.items() if importlib.util.find_spec(module)]
    for scenario in SCENARIOS:
        cpu: dict[str, list[float]] = {client: [] for client in clients}
        missing = dict.fromkeys(clients, 0)
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder), args.seconds, args.rounds, program=("-m", "loadtests.bench.clients"))
            for _ in range(args.rounds):
                for client in clients:
                    one = bench.measure("recado", scenario, BENCH_CLIENT=client, PYTHONPATH=os.pathsep.join(sys.path))
                    cpu[client].append(one.cpu_us)
                    missing[client] += one.missing
        print(f"### {scenario.name}\n\n{table(HEAD, [_row(client, cpu, missing) for client in clients])}\n", flush=True)


HEAD = ["client", "CPU us a message, median", "lowest", "highest", "x recado, pair by pair", "replies missing"]


def _row(client: str, cpu: dict[str, list[float]], missing: dict[str, int]) -> list[Cell]:
    ratios = [theirs / ours for theirs, ours in zip(cpu[client], cpu["recado"], strict=True)]
    figures = cpu[client]
    return [
        client,
        statistics.median(figures),
        min(figures),
        max(figures),
        f"{statistics.median(ratios):.2f}",
        missing[client],
    ]


if __name__ == "__main__":
    main()
