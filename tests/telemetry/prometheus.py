"""A Prometheus with recado's rules, which scrapes one process on this machine."""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import yaml
from dashboards.alert import TimeScale
from dashboards.rules import groups

from dashboards import build
from recado.simulator.installation import Process, answers, free_port
from tests.waiting import PATIENCE_SECONDS

#: The labels of the target, as in the chart.
TARGET = {"namespace": "shop", "job": "recado"}


class Prometheus:
    """Runs in `folder`; scrapes `metrics_port`. `history`: its earlier data, as OpenMetrics with timestamps."""

    def __init__(
        self, folder: Path, metrics_port: int, *, pace: TimeScale, scrape: str, history: str, log: Path | None
    ) -> None:
        self.port = free_port()
        self._folder = folder
        self._metrics_port = metrics_port
        self._pace = pace
        self._scrape = scrape
        self._history = history
        self._log = log

    def process(self) -> Process:
        """The server, to be started. Raises CalledProcessError for a history that it cannot read."""
        rules = self._folder / "rules.yaml"
        rules.write_text(build.rule_file(groups(self._pace)))
        scraped = {"targets": [f"127.0.0.1:{self._metrics_port}"], "labels": {"namespace": TARGET["namespace"]}}
        config = {
            "global": {"scrape_interval": self._scrape, "evaluation_interval": self._scrape},
            "rule_files": [str(rules)],
            "scrape_configs": [{"job_name": TARGET["job"], "static_configs": [scraped]}],
        }
        path = self._folder / "prometheus.yaml"
        path.write_text(yaml.safe_dump(config))
        program = shutil.which("prometheus")
        assert program, "prometheus is missing: apt-get install prometheus"
        if self._history:
            self._remember(self._history)
        argv = [
            program,
            f"--config.file={path}",
            f"--storage.tsdb.path={self._folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--enable-feature=exemplar-storage",
            "--log.level=warn",
        ]
        ready = f"http://127.0.0.1:{self.port}/-/ready"
        return Process(argv, os.environ, ready=lambda: answers(ready), log=self._log)

    def _remember(self, history: str) -> None:
        """Writes the earlier data into the storage."""
        path = self._folder / "history.txt"
        path.write_text(f"{history}# EOF\n")
        command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(path), str(self._folder / "prometheus")]
        with (self._folder / "history.log").open("ab") as output:
            subprocess.run(command, stdout=output, stderr=output, check=True)

    def query(self, expr: str) -> list[dict[str, Any]]:
        """An instant query's result."""
        found: list[dict[str, Any]] = self._ask("query", query=expr)["result"]
        return found

    def query_range(self, expr: str, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """A range query's result."""
        asked = {"query": expr, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:.3f}"}
        found: list[dict[str, Any]] = self._ask("query_range", **asked)["result"]
        return found

    def exemplars(self, expr: str, start: float, end: float) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("query_exemplars", query=expr, start=str(start), end=str(end))
        return found

    def firing(self) -> set[tuple[str, str]]:
        """Names and severities of the alerts that fire."""
        labels = [alert["labels"] for alert in self._ask("alerts")["alerts"] if alert["state"] == "firing"]
        return {(label["alertname"], label["severity"]) for label in labels}

    def rule_problems(self) -> list[str]:
        """The problems that Prometheus reports for rules."""
        found = self._ask("rules")["groups"]
        return [f"{rule['name']}: {rule['lastError']}" for g in found for rule in g["rules"] if rule.get("lastError")]

    def _ask(self, path: str, **parameters: str) -> Any:
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        return json.loads(fetch(url))["data"]


def fetch(url: str, *, method: str = "GET", body: Any = None, headers: dict[str, str] | None = None) -> bytes:
    """The body of a response. Raises OSError (HTTPError for anything but a success)."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
        text: bytes = answer.read()
    return text
