"""One alert as data, and the time scale that its expression depends on."""

from collections.abc import Callable
from typing import Any

import msgspec

RUNBOOKS = "https://github.com/recado/recado/blob/main/docs/runbooks"
TARGET = "{{ $labels.namespace }}/{{ $labels.job }}"


class TimeScale(msgspec.Struct, frozen=True):
    """Durations divided by `factor`: 1 in production."""

    factor: float = 1.0

    def span(self, seconds: float) -> str:
        """A duration as Prometheus writes it."""
        milliseconds = round(seconds / self.factor * 1000)
        for size, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")):
            if milliseconds and milliseconds % size == 0:
                return f"{milliseconds // size}{unit}"
        return f"{milliseconds}ms"

    def seconds(self, seconds: float) -> str:
        """A number of seconds to compare with."""
        return f"{seconds / self.factor:.6g}"


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert; `expr` gives its expression at a time scale. `summary` contains no numbers; `description` does."""

    name: str
    severity: str
    for_seconds: float
    expr: Callable[[TimeScale], str]
    summary: str
    description: str
    labels: dict[str, str] = {}

    def rule(self, scale: TimeScale) -> dict[str, Any]:
        """As Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.expr(scale),
            "for": scale.span(self.for_seconds),
            "labels": {"severity": self.severity, "service": "recado", **self.labels},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{RUNBOOKS}/{self.name}.md",
            },
        }
