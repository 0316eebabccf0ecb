"""Latency over the run and as a distribution: a PNG, and a page that holds summary and picture in one file."""

import base64
import html
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # needs no display

from loadtests.summary import Summary
from matplotlib import pyplot
from matplotlib.figure import Figure

MEDIAN_LIMIT_MS = 250
SLOW_LIMIT_MS = 1000


def write(summary: Summary, text: str, folder: Path) -> None:
    """Writes latency.png and summary.html."""
    figure = draw(summary)
    picture = folder / "latency.png"
    figure.savefig(picture, dpi=110)
    pyplot.close(figure)
    data = base64.b64encode(picture.read_bytes()).decode()
    title = html.escape(summary.name)
    (folder / "summary.html").write_text(
        f'<!doctype html><meta charset="utf-8"><title>{title}</title>'
        f'<img alt="Latency of {title}" src="data:image/png;base64,{data}"><pre>{html.escape(text)}</pre>\n'
    )


def draw(summary: Summary) -> Figure:
    """Two panels: latency and rate over the run, and the share of responses by time."""
    figure, (course, shares) = pyplot.subplots(1, 2, figsize=(14, 5), constrained_layout=True)
    figure.suptitle(f"{summary.name}: {summary.shape} at {summary.rate:g} messages/s")
    at = [one.at for one in summary.course]
    course.plot(at, [max(one.p50, 1) for one in summary.course], label="p50")
    course.plot(at, [max(one.p99, 1) for one in summary.course], label="p99")
    course.set(xlabel="seconds", ylabel="answer, ms", yscale="log")
    answers = course.twinx()
    answers.plot(at, [one.answers for one in summary.course], color="grey", alpha=0.4)
    answers.set(ylabel="answers a second (grey)", ylim=(0, None))
    total = sum(summary.counts.values()) or 1
    below, ms, share = 0, [], []
    for one in sorted(summary.counts):
        below += summary.counts[one]
        ms.append(max(one, 1))
        share.append(100 * below / total)
    shares.step(ms, share, where="post")
    shares.set(xlabel="answered within, ms", ylabel="% of webhooks", xscale="log")
    for panel, draw_line in ((course, course.axhline), (shares, shares.axvline)):
        draw_line(MEDIAN_LIMIT_MS, color="tab:orange", linestyle="--", label="Meta: median")
        draw_line(SLOW_LIMIT_MS, color="tab:red", linestyle="--", label="Meta: at most 1 % above")
        panel.grid(alpha=0.3)
        panel.legend(loc="best")
    return figure
