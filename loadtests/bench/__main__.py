"""Benchmarks: `python -m loadtests.bench [--only queue,drain] [--quick] [--measure PATH]` from the repository's root.
With `--beside TREE` it measures this tree and another one, such as the worktree of an older commit, and nothing else.

Servers run on core 0, generators and stand-ins on the last core. Figures of different runs are not comparable;
ratios within one run are. Everything stays on this machine.
"""

import argparse
import datetime
import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from loadtests.bench import beside, drains, queues, reports, webhooks
from loadtests.bench.machine import ROOT, versions
from loadtests.bench.webhooks import Bench

Section = tuple[str, list[dict[str, object]]]
MEASURE_SCENARIOS = ("open320", "open1000", "faults", "mixed", "closed")


def sections(bench: Bench) -> dict[str, tuple[str, Callable[[], Section]]]:
    """The parts of a run by name: a heading and what measures it."""
    return {
        "webhooks": ("Webhooks side by side", lambda: webhooks.side_by_side(bench)),
        "capacity": ("Capacity, Graph API at 50 ms", lambda: webhooks.capacity(bench)),
        "queue": (
            "Durable cycles: add leased, record delivered",
            lambda: queues.side_by_side(bench.folder, bench.seconds, bench.rounds),
        ),
        "growth": ("Growth of the queue", lambda: queues.grow(bench.folder)),
        "drain": ("Drain, Graph API at 50 ms", lambda: drains.drains(bench)),
        "report": ("A report of a million rows beside webhooks", lambda: reports.reports(bench)),
        "starts": ("Memory and start", lambda: webhooks.memory_and_starts(bench)),
        "quotes": ("Reading orders", _quotes),
    }


def _beside(bench: Bench, tree: Path) -> tuple[str, Callable[[], Section]]:
    return "This tree beside another one", lambda: beside.side_by_side(bench, tree.resolve())


def _quotes() -> Section:
    """The order parser, in a separate process, so that it measures from a cold start."""
    argv = [sys.executable, "-m", "loadtests.bench.quotes"]
    done = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=600)
    return f"```\n{done.stdout.strip()}\n```", []


def _measure(path: Path, seconds: float, rounds: int) -> Section:
    """Peers and floors of a separate `measure` package, with recado as one more target."""
    argv = [sys.executable, "-m", f"{path.name}.run_http", "--rounds", str(rounds), "--duration", str(seconds)]
    argv += ["--wait-quiet", "2", "--target", str(ROOT / "loadtests/recado-target.json")]
    for target in ("floor_durable", "floor_both", "pywa", "naive"):
        argv += ["--target", target]
    for scenario in MEASURE_SCENARIOS:
        argv += ["--scenario", scenario]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(argv, cwd=path.parent, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout[done.stdout.index("\n### ") :].strip(), []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="sections, separated by commas")
    parser.add_argument("--quick", action="store_true", help="one round of two seconds each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--measure", type=Path, default=os.environ.get("MEASURE"), help="a measure package, for peers")
    parser.add_argument("--beside", type=Path, help="another tree of recado")
    parser.add_argument("--out", type=Path, default=ROOT / "data/bench", help="where bench.md and bench.json go")
    args = parser.parse_args()
    if args.quick:
        args.rounds, args.seconds = 1, 2.0
    args.out.mkdir(parents=True, exist_ok=True)
    with (args.out / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs at the same time would disturb each other
        with tempfile.TemporaryDirectory(dir=args.out) as folder:
            _run(args, Bench(Path(folder), args.seconds, args.rounds))


def _run(args: argparse.Namespace, bench: Bench) -> None:
    chosen = {"beside": _beside(bench, args.beside)} if args.beside else sections(bench)
    if unknown := set(filter(None, args.only.split(","))) - set(chosen):
        raise SystemExit(f"no such section: {', '.join(sorted(unknown))}; there are {', '.join(chosen)}")
    at = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    parts = [f"Measured on {at}: {versions()}.\nCommand: `python -m loadtests.bench {' '.join(sys.argv[1:])}`".strip()]
    raw: dict[str, object] = {"at": at, "versions": versions()}
    for name, (heading, measure) in chosen.items():
        if args.only and name not in args.only.split(","):
            continue
        text, raw[name] = measure()
        parts.append(f"## {heading}\n\n{text}")
    if args.measure:
        text, _ = _measure(Path(args.measure).resolve(), bench.seconds, bench.rounds)
        parts.append(f"## Beside peers\n\n{text}")
    report = "\n\n".join(parts) + "\n"
    (args.out / "bench.md").write_text(report)
    (args.out / "bench.json").write_text(json.dumps(raw, indent=1) + "\n")
    print(report)


if __name__ == "__main__":
    main()
