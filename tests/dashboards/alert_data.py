"""Data for promtool: cases, and series with a sample a minute (`0+10x60` counts up by ten each minute for an hour)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from recado.telemetry import metrics
from recado.telemetry.metric import Metric

TARGET = {"namespace": "shop", "job": "recado"}
POD = {**TARGET, "instance": "10.0.0.7:9464"}
NEXT_POD = {**POD, "instance": "10.0.0.8:9464"}


def series(metric: Metric | str, part: str = "", /, *, pod: Mapping[str, str] = POD, **labels: Any) -> str:
    """The name of a series of one pod, in the notation of promtool and OpenMetrics."""
    name = metric if isinstance(metric, str) else metric.name
    inside = ",".join(f'{label}="{value}"' for label, value in sorted({**pod, **labels}.items()))
    return f"{name}{part}{{{inside}}}"


def kube(name: str, **labels: str) -> str:
    """The name of a series of kube-state-metrics about an object in the release's namespace."""
    return series(name, pod={"namespace": "shop", "job": "kube-state-metrics", "instance": "10.0.0.3:8080"}, **labels)


UP = {series(metrics.BUILD, version="1", python="3", sqlite="3"): "1x600"}


def input_series(found: dict[str, str]) -> list[dict[str, str]]:
    return [{"series": name, "values": values} for name, values in found.items()]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """`value` is the number in the description, as displayed; `labels` are those besides the target's."""

    alert: str
    series: dict[str, str]
    fires_at: int
    value: str = ""
    labels: dict[str, str] = {}
    rule: dict[str, str] = {}
