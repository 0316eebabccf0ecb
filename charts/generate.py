"""Writes what is generated from the chart: its README (from the comments of values.yaml) and the golden files.

Run `python charts/generate.py` after a change to the chart and read the diff; the tests fail while it is not done.
"""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent))
import tools

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "charts" / "recado"
GOLDEN = ROOT / "tests" / "chart" / "golden"
SCENARIOS = sorted(path.name.removesuffix("-values.yaml") for path in CHART.glob("ci/*-values.yaml"))
RELEASE, NAMESPACE = "shop", "pedidos"

README_HEAD = """# recado: the Helm chart

Answers a shop's WhatsApp customers with a price quote, and never loses an answer. What it installs: a web Deployment
behind one public path, a CronJob that delivers what could not be sent at once, and a volume for the queue between them.

    kubectl create secret generic recado-whatsapp \\
      --from-literal=WHATSAPP_VERIFY_TOKEN=... --from-literal=WHATSAPP_APP_SECRET=... \\
      --from-literal=WHATSAPP_ACCESS_TOKEN=... --from-literal=RECADO_ADMIN_TOKEN=...
    helm install shop charts/recado --set whatsapp.existingSecret=recado-whatsapp \\
      --set-json 'whatsapp.phoneNumberIds=["106540352242922"]'
    helm test shop

Kubernetes 1.30 or later. What cannot work is refused with a sentence. `ci/` has values for six situations;
`docs/operations.md` says how to upgrade, back up, restore, rotate and move. This file is generated from the comments
of `values.yaml` by `python charts/generate.py`.

## Values

| Value | Default | What it is |
| --- | --- | --- |
"""


@cache
def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """One run of the pinned helm; the same arguments run once."""
    command = [str(tools.install() / "helm"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the pinned helm


def template(*arguments: str) -> str:
    """The manifests that helm renders; raises CalledProcessError with helm's own words on stderr."""
    done = helm("template", RELEASE, str(CHART), "--namespace", NAMESPACE, *arguments)
    done.check_returncode()
    return done.stdout


def scenario(name: str) -> str:
    """The manifests of a scenario of ci/."""
    return template("-f", str(CHART / "ci" / f"{name}-values.yaml"))


def golden_text(name: str) -> str:
    """A scenario as its golden file has it: without blank lines, and without boards and rules, which have their own
    generator and tests."""
    documents = scenario(name).split("---\n")
    kept = (d for d in documents if "kind: PrometheusRule" not in d and "grafana_dashboard:" not in d)
    lines = (line.rstrip() for line in "---\n".join(kept).splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def golden(name: str) -> Path:
    return GOLDEN / f"{name}.yaml"


def rows() -> list[tuple[str, str, str]]:
    """(dotted name, default, comment) of every value that has a comment, in the order of values.yaml.

    Raises ValueError when a value that is no group has no comment: it would be undocumented.
    """
    text = (CHART / "values.yaml").read_text()
    defaults = yaml.safe_load(text)
    found, path, comment = [], list[str](), list[str]()
    leaf_indent: int | None = None  # inside a value that is shown whole
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        if leaf_indent is not None and (not line.strip() or indent > leaf_indent):
            continue
        leaf_indent = None
        if line.strip().startswith("#"):
            comment.append(line.strip().lstrip("# "))
        elif match := re.match(r"^ *([A-Za-z]+):", line):
            path = [*path[: indent // 2], match[1]]
            value = _lookup(defaults, path)
            leaf = not isinstance(value, dict) or not value or path[-1] == "resources"
            if comment:
                found.append((".".join(path), _shown(value) if leaf else "", " ".join(comment)))
            elif leaf:
                raise ValueError(f"values.yaml: {'.'.join(path)} has no comment")
            comment = []
            leaf_indent = indent if leaf else None
        else:
            comment = []
    return found


def _lookup(tree: Any, path: list[str]) -> Any:
    for part in path:
        tree = tree[part]
    return tree


def _shown(value: Any) -> str:
    if isinstance(value, str) and "\n" in value:
        return "(a sample)"
    return f"`{json.dumps(value)}`"


def readme() -> str:
    table = "".join(f"| `{name}` | {default} | {text} |\n" for name, default, text in rows())
    return README_HEAD + table


if __name__ == "__main__":
    (CHART / "README.md").write_text(readme())
    GOLDEN.mkdir(exist_ok=True)
    for stale in {*GOLDEN.glob("*.yaml")} - {golden(name) for name in SCENARIOS}:
        stale.unlink()
    for name in SCENARIOS:
        golden(name).write_text(golden_text(name))
