"""Measures this tree and another one in one run: with plain orders, and with a load in which half of the messages are a
yes.

The trees take turns, so that other load of the machine affects both. The other tree needs the same settings and the
same `recado serve`; it runs with this tree's packages.
"""

import statistics
from collections.abc import Generator
from pathlib import Path

import msgspec
from loadtests.bench.tables import Cell, ratio, table
from loadtests.bench.webhooks import Bench, RunResult, holds, rates, say, steady

RATE = 320.0
#: In a load with a yes, no reply waits for the interval after the customer's previous reply.
NO_INTERVAL = {"RECADO_CUSTOMER_INTERVAL_SECONDS": "0"}


class Side(msgspec.Struct, frozen=True):
    """A tree under a load. yes: half of the messages are a yes."""

    tree: str
    yes: bool
    settings: dict[str, str]

    @property
    def load(self) -> str:
        return "half yes" if self.yes else "plain orders"

    def measure(self, bench: Bench, rate: float) -> RunResult:
        """This load at a rate, from a cold start."""
        quoted = int(rate * bench.seconds / 2) if self.yes else 0
        settings = {**self.settings, **(NO_INTERVAL if self.yes else {})}
        one = bench.measure("recado", steady(rate, quoted=quoted), **settings)
        say(
            f"{self.load:12} {self.tree:5} {rate:6.0f}/s {'holds' if holds(one) else 'fails'}"
            f"  reply p99 {one.reply_ms['p99']:.1f} ms  {one.cpu_us:.0f} us  others {one.foreign:.0%}"
        )
        return one


def side_by_side(bench: Bench, tree: Path) -> tuple[str, list[dict[str, object]]]:
    """The latencies at 320 messages/s, medians of the rounds, and the capacities; with the other tree's as 1."""
    other = {"PYTHONPATH": str(tree / "service")}
    sides = [Side(name, yes, settings) for yes in (False, True) for name, settings in (("other", other), ("this", {}))]
    outcomes: dict[tuple[str, bool], list[RunResult]] = {(side.tree, side.yes): [] for side in sides}
    for _ in range(bench.rounds):
        for side in sides:
            outcomes[side.tree, side.yes].append(side.measure(bench, RATE))
    found = _capacities(bench, sides)
    head = ["load", "tree", "200 p99 ms", "reply p50 ms", "reply p99 ms", "CPU us", "x other", "missing", "twice"]
    head += ["holds, messages/s", "x other", "core lost to others"]
    rows = [_row(side, outcomes, found) for side in sides]
    raw: list[dict[str, object]] = [
        {"tree": name, "yes": yes, "capacity": found[name, yes], "at 320/s": msgspec.to_builtins(all_)}
        for (name, yes), all_ in outcomes.items()
    ]
    return table(head, rows), raw


def _capacities(bench: Bench, sides: list[Side]) -> dict[tuple[str, bool], float]:
    """The highest rate that each side sustains; the searches alternate."""
    searches: dict[tuple[str, bool], Generator[float, bool, tuple[float, float]]] = {}
    tried: dict[tuple[str, bool], float] = {}
    found: dict[tuple[str, bool], float] = {}
    for side in sides:
        searches[side.tree, side.yes] = search = rates()
        tried[side.tree, side.yes] = next(search)
    while len(found) < len(sides):
        for side in sides:
            key = (side.tree, side.yes)
            if key in found:
                continue
            try:
                tried[key] = searches[key].send(holds(side.measure(bench, tried[key])))
            except StopIteration as done:
                found[key] = done.value[0]
    return found


def _row(
    side: Side, outcomes: dict[tuple[str, bool], list[RunResult]], found: dict[tuple[str, bool], float]
) -> list[Cell]:
    own, other = outcomes[side.tree, side.yes], outcomes["other", side.yes]

    def middle(name: str, of: list[RunResult]) -> float:
        return float(statistics.median(getattr(one, name) for one in of))

    return [
        side.load,
        side.tree,
        statistics.median(one.latency_ms["p99"] for one in own),
        statistics.median(one.reply_ms["p50"] for one in own),
        statistics.median(one.reply_ms["p99"] for one in own),
        middle("cpu_us", own),
        ratio(middle("cpu_us", own), middle("cpu_us", other)),
        sum(one.missing for one in own),
        sum(one.twice for one in own),
        found[side.tree, side.yes],
        ratio(found[side.tree, side.yes], found["other", side.yes]),
        f"{max(one.foreign for one in own):.0%}",
    ]
