"""Writes the generated files of the chart: its README (from the comments of values.yaml), the schema's parts about
recado's settings and required values, and the golden files.

Run `python charts/generate.py` after a change to the chart and read the diff; otherwise the tests fail.
"""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from recado.hours import SPAN
from recado.settings import MEDIA_HOST, MIN_PER_SECOND, NUMBER_ID, Setting, all_settings

sys.path.insert(0, str(Path(__file__).parent))
import tools

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "charts" / "recado"
SCHEMA = CHART / "values.schema.json"
#: A random secret in a rendering: 40 characters in base64.
RANDOM = re.compile(r'(?<=APP_SECRET_PREVIOUS: )"[A-Za-z0-9+/]{54}=="')
GOLDEN = ROOT / "tests" / "chart" / "golden"
SCENARIOS = sorted(path.name.removesuffix("-values.yaml") for path in CHART.glob("ci/*-values.yaml"))
RELEASE, NAMESPACE = "shop", "pedidos"
#: Groups of values that are shown as one; each of their parts may be left out.
WHOLE = ("resources", "podSecurityContext", "securityContext")
#: Settings with their own chart values; the schema has the settings' types for them.
OWN_VALUES = {
    "whatsapp.businessAccountId": "WHATSAPP_BUSINESS_ACCOUNT_ID",
    "shop.timezone": "RECADO_TIMEZONE",
    "shop.businessHours": "RECADO_BUSINESS_HOURS",
    "handoff.holdSeconds": "RECADO_HOLD_SECONDS",
    "handoff.answerSeconds": "RECADO_HANDOFF_ANSWER_SECONDS",
    "handoff.total": "RECADO_HANDOFF_TOTAL",
    "handoff.onForeignStatus": "RECADO_HANDOFF_ON_FOREIGN_STATUS",
    "outsideWindow.send": "RECADO_AFTER_WINDOW",
    "outsideWindow.quoteTemplate": "RECADO_TEMPLATE_QUOTE",
    "outsideWindow.orderTemplate": "RECADO_TEMPLATE_ORDER",
    "outsideWindow.language": "RECADO_TEMPLATE_LANGUAGE",
    "reminder.seconds": "RECADO_REMINDER_SECONDS",
    "voice.model": "RECADO_TRANSCRIBE_MODEL",
    "voice.seconds": "RECADO_TRANSCRIBE_SECONDS",
    "voice.maxBytes": "RECADO_VOICE_MAX_BYTES",
}
#: Settings that the chart sets, so they are not allowed under `settings`.
CHART_DECIDES = {
    "RECADO_DATABASE",
    "RECADO_CATALOGUE",
    "RECADO_LANGUAGE",
    "RECADO_EVENTS_FILE",
    "RECADO_NOTIFY_FILE",
    "RECADO_TRANSCRIBE_URL",
    *OWN_VALUES.values(),
    "RECADO_HOST",
    "RECADO_PORT",
    "RECADO_METRICS_PORT",
    "RECADO_DRAIN_SECONDS",
    "RECADO_EVENTS_DEPLOYMENT",
}
#: The form of time zones' names; the pods check them.
TIMEZONE = r"^(UTC|(Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[A-Za-z_/-]+)$"
#: A number in a list, as text: above 0, with at most as many digits as `settings.MAX_NUMBER`.
POSITIVE = r"(0*[1-9][0-9]{0,8}(\.[0-9]+)?|0*\.[0-9]*[1-9][0-9]*)"

README_HEAD = """# recado: the Helm chart

Replies to a shop's WhatsApp customers with a price quote and never loses a reply. The chart installs a web Deployment
behind one public path, a CronJob that delivers what could not be sent at once, and a volume for the queue of both.

    kubectl create secret generic recado-whatsapp \\
      --from-literal=WHATSAPP_VERIFY_TOKEN=... --from-literal=WHATSAPP_APP_SECRET=... \\
      --from-literal=WHATSAPP_ACCESS_TOKEN=... --from-literal=RECADO_ADMIN_TOKEN=...
    helm upgrade --install shop charts/recado --set whatsapp.existingSecret=recado-whatsapp \\
      --set-json 'whatsapp.phoneNumberIds=["106540352242922"]'
    helm test shop

The chart needs Kubernetes 1.30 or later. It refuses values that cannot work and explains why. `ci/` has values for six
situations. `docs/operations.md` describes how to install, upgrade, back up, restore and rotate secrets. `python
charts/generate.py` generates this file from the comments of `values.yaml`.

## Values

| Value | Default | What it is |
| --- | --- | --- |
"""

#: An address or a network of proxies: IPv4, or the form of IPv6.
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"{_OCTET}(\.{_OCTET}){{3}}(/(3[0-2]|[12]?[0-9]))?"
_IPV6 = "[0-9a-fA-F]{0,4}(:[0-9a-fA-F]{0,4}){2,7}(/[0-9]{1,3})?"
PROXY = f"({_IPV4}|{_IPV6})"


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the pinned helm."""
    command = [str(tools.install() / "helm"), *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)  # noqa: S603 - the pinned helm


@cache
def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The same, cached by arguments: none of them may name a file that changes."""
    return run(*arguments)


def template(*arguments: str) -> str:
    """The manifests that helm renders; raises CalledProcessError with helm's message in stderr."""
    done = helm("template", RELEASE, str(CHART), "--namespace", NAMESPACE, *arguments)
    done.check_returncode()
    return done.stdout


def scenario(name: str) -> str:
    """The manifests of a scenario of ci/."""
    return template("-f", str(CHART / "ci" / f"{name}-values.yaml"))


def golden_text(name: str) -> str:
    """A scenario in the form of its golden file: without blank lines and the simulator's random secret, and without
    boards and rules, which have their own generator and tests."""
    documents = scenario(name).split("---\n")
    kept = (d for d in documents if "kind: PrometheusRule" not in d and "grafana_dashboard:" not in d)
    lines = (line.rstrip() for line in "---\n".join(kept).splitlines())
    return RANDOM.sub("(random)", "\n".join(line for line in lines if line) + "\n")


def golden(name: str) -> Path:
    return GOLDEN / f"{name}.yaml"


def rows() -> list[tuple[str, str, str]]:
    """(dotted name, default, comment) of every value that has a comment, in the order of values.yaml.

    Raises ValueError if a value has no comment and is not a group: it would be undocumented.
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
            leaf = not isinstance(value, dict) or not value or path[-1] in WHOLE
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


def schema() -> str:
    """The chart's schema with the settings' types and limits, and with every value required.

    Helm drops values that are null, and with --reuse-values it lacks the values of a newer chart: the schema then names
    them.
    """
    tree = json.loads(SCHEMA.read_text())
    tree["properties"]["settings"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {s.variable: _setting(s) for s in settable()},
    }
    whatsapp = tree["properties"]["whatsapp"]["properties"]
    whatsapp["phoneNumberIds"]["items"]["pattern"] = f"^{NUMBER_ID.pattern}$"
    whatsapp["mediaHosts"]["items"]["pattern"] = f"^{MEDIA_HOST.pattern}$"
    settings = {s.variable: s for s in all_settings()}
    for name, variable in OWN_VALUES.items():
        group, _, key = name.partition(".")
        tree["properties"][group]["properties"][key] = _setting(settings[variable])
    _require(tree)
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


def settable() -> list[Setting]:
    """The settings that are allowed under `settings`, by name."""
    own = [s for s in all_settings() if s.variable.startswith("RECADO_") and not s.secret]
    return sorted((s for s in own if s.variable not in CHART_DECIDES), key=lambda s: s.variable)


def _setting(setting: Setting) -> dict[str, Any]:
    """The schema of a setting in values.yaml; a list is text with commas, as in the environment, or a single number."""
    known = msgspec.json.schema(setting.type)
    if "$ref" in known:
        known = known["$defs"][known["$ref"].rpartition("/")[2]]
    if known.get("type") == "array":
        known = {"anyOf": [known["items"], {"type": "string", "pattern": f"^{POSITIVE}( *, *{POSITIVE})*$"}]}
    if setting.field == "forwarded_allow_ips":
        known["pattern"] = rf"^(\*|{PROXY}( *, *{PROXY})*)$"
    if setting.field == "timezone":
        known["pattern"] = TIMEZONE
    if setting.field == "business_hours":
        known["pattern"] = rf"^({SPAN.pattern}(, *{SPAN.pattern})*)?$"
    if setting.field == "messages_per_second":
        known = {"anyOf": [{"const": 0}, known | {"minimum": MIN_PER_SECOND}]}
    return {word: value for word, value in known.items() if word not in ("title", "description")}


def _require(tree: dict[str, Any]) -> None:
    """Makes every property of each group required, except those that a parent chart adds."""
    if "properties" in tree:
        tree["required"] = [name for name in tree["properties"] if name != "global"]
        for name, child in tree["properties"].items():
            if name not in (*WHOLE, "settings"):
                _require(child)


def readme() -> str:
    table = "".join(f"| `{name}` | {default} | {text} |\n" for name, default, text in rows())
    return README_HEAD + table


if __name__ == "__main__":
    SCHEMA.write_text(schema())
    (CHART / "README.md").write_text(readme())
    GOLDEN.mkdir(exist_ok=True)
    for stale in {*GOLDEN.glob("*.yaml")} - {golden(name) for name in SCENARIOS}:
        stale.unlink()
    for name in SCENARIOS:
        golden(name).write_text(golden_text(name))
