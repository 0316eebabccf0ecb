"""The summary of a run: Markdown, JSON, plots, and the comparison with an earlier run."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtests.verdict import Deliveries, Latency


@dataclass(frozen=True)
class Second:
    """One second of a run: responses, and percentiles of their milliseconds."""

    at: float
    answers: int
    p50: float
    p99: float


@dataclass
class Summary:
    """The results of one run. `complaints` is empty if it passed."""

    name: str
    started: str
    shape: str
    rate: float
    seconds: float
    messages_per_second: float
    latency: Latency
    latencies: dict[str, Latency]
    deliveries: Deliveries | None
    queue: dict[str, Any] | None
    attacks: dict[str, int]
    complaints: list[str]
    counts: dict[int, int] = field(default_factory=dict)
    course: list[Second] = field(default_factory=list)

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=1, ensure_ascii=False) + "\n"


#: The figures that are compared: title, path into the JSON, whether less is better.
COMPARED = (
    ("median answer, ms", ("latency", "p50"), True),
    ("p95, ms", ("latency", "p95"), True),
    ("p99, ms", ("latency", "p99"), True),
    ("messages/s", ("messages_per_second",), False),
    ("lost", ("deliveries", "lost"), True),
    ("doubled", ("deliveries", "doubled"), True),
)


def markdown(summary: Summary, earlier: Mapping[str, Any] | None = None) -> str:
    """The summary as Markdown."""
    good = not summary.complaints
    parts = [
        f"# {summary.name}: {'passed' if good else 'FAILED'}",
        f"{summary.shape} at {summary.rate:g} messages/s for {summary.seconds:.0f} s, started {summary.started}; "
        f"{summary.messages_per_second:.1f} messages/s were sent.",
    ]
    parts += ["\n".join(f"- {one}" for one in summary.complaints)] if summary.complaints else []
    rows = [("all signed webhooks", summary.latency), *summary.latencies.items()]
    parts.append(
        "| webhooks | answers | p50 ms | p95 ms | p99 ms | max ms | over 1 s | not 200 |\n"
        "|---|---|---|---|---|---|---|---|\n"
        + "\n".join(
            f"| {name} | {one.count} | {one.p50:.0f} | {one.p95:.0f} | {one.p99:.0f} | {one.longest:.0f} "
            f"| {one.over_limit:.2%} | {one.refused:.2%} |"
            for name, one in rows
        )
    )
    parts.append(_deliveries(summary.deliveries))
    if summary.queue:
        parts.append("Queue afterwards: " + ", ".join(f"{k} {v}" for k, v in summary.queue.items()) + ".")
    if summary.attacks:
        parts.append("Attacks were answered with " + ", ".join(f"{k}: {v}" for k, v in summary.attacks.items()) + ".")
    if earlier:
        parts.append(comparison(json.loads(summary.to_json()), earlier))
    return "\n\n".join(parts) + "\n"


def comparison(now: Mapping[str, Any], earlier: Mapping[str, Any]) -> str:
    """A table that compares this run with an earlier one."""
    lines = [
        f"Compared with {earlier['name']} ({earlier['started']}):",
        "",
        "| | earlier | now | |",
        "|---|---|---|---|",
    ]
    for title, path, less_is_better in COMPARED:
        before, after = _at(earlier, path), _at(now, path)
        if before is not None and after is not None:
            word = "same" if after == before else "better" if (after < before) == less_is_better else "worse"
            lines.append(f"| {title} | {before:g} | {after:g} | {word} |")
    return "\n".join(lines)


def write(summary: Summary, folder: Path, earlier: Mapping[str, Any] | None = None) -> Path:
    """Writes summary.md, summary.json and, if matplotlib is installed, latency.png and summary.html; returns the
    folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = markdown(summary, earlier)
    (folder / "summary.md").write_text(text)
    (folder / "summary.json").write_text(summary.to_json())
    try:
        from loadtests import plots
    except ModuleNotFoundError:  # the plain locust image has no matplotlib
        return folder
    plots.write(summary, text, folder)
    return folder


def _deliveries(deliveries: Deliveries | None) -> str:
    if deliveries is None:
        return "Deliveries were not verified: no simulator was given."
    examples = "".join(f"\n- {one}" for one in deliveries.examples)
    return (
        f"{deliveries.sent} messages were sent and {deliveries.acknowledged} acknowledged; {deliveries.replies} "
        f"replies reached their customers: {deliveries.lost} lost, {deliveries.doubled} doubled.{examples}"
    )


def _at(document: Mapping[str, Any], path: tuple[str, ...]) -> float | None:
    value: Any = document
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return None if value is None else float(value)
