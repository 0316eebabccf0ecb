"""The doctor's checks of the endpoints of events and the targets of notices, based on the web pod's metrics."""

import re
from collections.abc import Iterator

from recado.cluster.doctor import Finding, Installation, fault, ok, warning
from recado.telemetry import metrics

#: An event that has waited longer is late, because the drain sends events every minute.
LATE_SECONDS = 600.0
_LABELS = re.compile(r'(\w+)="([^"]*)"')

_WHY = {
    "outage": ("is down", "repair the receiver; recado tries it every 30 seconds"),
    "operator": ("is wrongly configured", "compare its URL and name in the Secret with docs/events.md"),
    "ended": ("responded with 410 and gets nothing more", "if that was a mistake: recado events resume"),
}


def endpoints(installation: Installation) -> Iterator[Finding]:
    """Checks that each endpoint is reachable, accepts the signature, and has no old events waiting."""
    values = installation.metrics
    events = installation.kubectl(f"exec deploy/{installation.web.metadata.name} -- recado events")
    names = sorted({labels["endpoint"] for labels, _ in series(values, metrics.EVENT_BACKLOG.name)})
    for name in names:
        found = list(_problems(values, name, events))
        yield from found or [ok("endpoints", f"{name} gets its events")]


def notices(installation: Installation) -> Iterator[Finding]:
    """Checks that each target has accepted a notice, unless there was none yet."""
    values = installation.metrics
    test = installation.kubectl(f"exec deploy/{installation.web.metadata.name} -- recado notify test")
    attempts: dict[str, dict[str, float]] = {}
    for labels, count in series(values, metrics.NOTICE_ATTEMPTS.name):
        attempts.setdefault(labels["target"], {})[labels["outcome"]] = count
    for name, counts in sorted(attempts.items()):
        made = sum(counts.values())
        if counts.get("delivered"):
            yield ok("notices", f"{name} gets notices")
        elif made:
            yield fault("notices", f"{name} has accepted no notice in {made:.0f} attempts", f"{test} names the reason")
        else:
            yield ok("notices", f"{name} has been sent no notice yet; try: {test}")


def _problems(values: dict[str, float], name: str, events: str) -> Iterator[Finding]:
    held = [
        labels["reason"]
        for labels, on in series(values, metrics.EVENT_ENDPOINT_HELD.name)
        if labels["endpoint"] == name and on
    ]
    for reason in held:
        what, fix = _WHY[reason]
        yield fault("endpoints", f"{name} {what}", fix)
    attempts = {
        labels["outcome"]: count
        for labels, count in series(values, metrics.EVENT_ATTEMPTS.name)
        if labels["endpoint"] == name
    }
    if not held and attempts.get("retryable") and not attempts.get("delivered"):
        text = f"{name} has not accepted one event in {sum(attempts.values()):.0f} attempts"
        yield fault("endpoints", text, f"{events} list, then show ID: 401 and 403 mean that its secret is another one")
    oldest = sum(age for labels, age in series(values, metrics.EVENT_OLDEST_AGE.name) if labels["endpoint"] == name)
    if oldest > LATE_SECONDS:
        yield warning("endpoints", f"an event has waited {oldest / 60:.0f} minutes for {name}", f"{events} endpoints")


def series(values: dict[str, float], metric: str) -> Iterator[tuple[dict[str, str], float]]:
    """The series of a metric: labels and value."""
    for series, value in values.items():
        if series.startswith(metric + "{"):
            yield dict(_LABELS.findall(series)), value
