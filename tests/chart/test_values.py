"""For any values, the chart renders what they mean or refuses them with a sentence."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import generate
import jsonschema
import kubernetes_validate
import msgspec
import pytest
import yaml

from recado.settings import MAX_NUMBER, Setting, SettingsError, load

from .conftest import Manifest, find, manifests, pod_templates

Render = Callable[..., list[Manifest]]
DEFAULTS = yaml.safe_load((generate.CHART / "values.yaml").read_text())
#: Turns on nearly everything, so that nearly every template is rendered.
EVERYTHING = yaml.safe_load((generate.CHART / "ci" / "production-values.yaml").read_text())
#: What Go's templates print for a missing value or a large number.
NOTHING = re.compile(r"<no value>|%!|<nil>|\bnil\b|[0-9]e\+[0-9]")
#: What helm prints when a template fails on an unexpected type.
BROKEN = re.compile(r"nil pointer|wrong type|reflect|YAML parse|interface conversion|executing \"|error calling")


def merged(values: Any, changes: Any) -> Any:
    if not (isinstance(values, dict) and isinstance(changes, dict)):
        return changes
    return values | {key: merged(values.get(key), change) for key, change in changes.items()}


def nested(path: list[str], value: Any) -> Any:
    return {path[0]: nested(path[1:], value)} if path else value


def paths(tree: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yields every key of a tree, including groups."""
    for key, value in tree.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from paths(value, (*path, key))


def rendered(values: Any) -> tuple[int, str, str]:
    done = generate.run(
        "template", "shop", str(generate.CHART), "--namespace", "pedidos", "-f", "-", stdin=yaml.safe_dump(values)
    )
    return done.returncode, done.stdout, done.stderr


def sound(status: int, manifest: str, complaint: str) -> bool:
    """Rendered whole, or refused with a sentence."""
    if status:
        return not BROKEN.search(complaint)
    text = manifest.split("kind: PrometheusRule")[0]  # its own templates are Prometheus's
    empty = re.search(r"^\s+(suspend|schedule|\w+Seconds|name|image|key):\s*$", text, re.MULTILINE)
    return not empty and not NOTHING.search(text)


SCHEMA = json.loads(generate.SCHEMA.read_text())
#: Some of what is required, as examples.
ASKED = [
    ("simulator",),
    ("events",),
    ("drain", "schedule"),
    ("backup", "keep"),
    ("store", "sqlite", "storageClass"),
    ("web", "startupProbe", "failureThreshold"),
]
SMALL = {"monitoring": {"rules": {"enabled": False}, "dashboards": {"enabled": False}}, "extraEnv": []}
ALL = merged(EVERYTHING, SMALL)
#: With the simulator, which is refused where somebody from outside can come in.
SIMULATED = merged(ALL, {"simulator": {"enabled": True}, "loadtest": {"enabled": True}, "ingress": {"enabled": False}})


def around(path: tuple[str, ...]) -> Any:
    """Values under which the templates are rendered that read a value."""
    return SIMULATED if path[0] in ("simulator", "loadtest") else ALL


@pytest.mark.parametrize("values", [ALL, SIMULATED], ids=["all", "simulated"])
def test_the_values_around_are_rendered(values: Any) -> None:
    """Helm renders them; otherwise a refusal would prove nothing."""
    status, manifest, complaint = rendered(values)
    assert (status, complaint) == (0, "")
    assert sound(status, manifest, complaint)


def required(path: tuple[str, ...]) -> bool:
    """Whether the schema names a value that is missing; helm looks at the schema before it renders anything."""
    schema = SCHEMA
    for part in path[:-1]:
        schema = schema.get("properties", {}).get(part, {})
    return path[-1] in schema.get("required", [])


OPTIONAL = [path for path in paths(DEFAULTS) if not required(path)]


def test_nearly_every_value_is_required() -> None:
    """The exceptions are values that a parent chart adds, and parts of one value such as resources."""
    assert {path[0] for path in OPTIONAL if len(path) == 1} == {"global"}
    assert all(len(path) == 1 or set(path) & set(generate.WHOLE) for path in OPTIONAL)


@pytest.mark.parametrize("path", [*OPTIONAL, *ASKED], ids=".".join)
def test_a_value_that_is_null_is_refused_by_its_name_or_does_no_harm(path: tuple[str, ...]) -> None:
    """As with `--set x=null`, and with --reuse-values over the values of an earlier chart, which had no such key."""
    status, manifest, complaint = rendered(merged(around(path), nested([*path], None)))
    assert sound(status, manifest, complaint), complaint
    assert not required(path) or f"missing property '{path[-1]}'" in complaint


def test_the_values_of_an_empty_chart_name_all_that_is_missing() -> None:
    """--reuse-values over a chart of long ago: every group is named, and no template is reached."""
    status, _, complaint = rendered(dict.fromkeys(DEFAULTS, None))
    assert status
    assert all(f"'{name}'" in complaint for name in DEFAULTS if name != "global")


LARGE = 1_234_567


def numbers(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yields every value that may be as large as a million."""
    for name, child in schema.get("properties", {}).items():
        if child.get("type") in ("integer", "number") and child.get("maximum", LARGE) >= LARGE:
            yield (*path, name)
        yield from numbers(child, (*path, name))


@pytest.mark.parametrize("path", [*numbers(SCHEMA)], ids=".".join)
def test_a_million_is_written_in_digits(path: tuple[str, ...]) -> None:
    """Numbers of a values file are floats to Go, which prints 1e+06, and Kubernetes refuses that."""
    many = {"drain": {"schedule": "0 0 1 * *"}, "settings": {"RECADO_LEASE_SECONDS": 100_000_000}}
    values = merged(around(path), merged(many, nested([*path], LARGE)))
    status, manifest, complaint = rendered(values)
    assert sound(status, manifest, complaint)
    assert str(LARGE) in manifest or (status and not BROKEN.search(complaint)), complaint


# -- what users add --------------------------------------------------------------------------------------------


class Unique(yaml.SafeLoader):
    """Refuses a repeated key, as Kubernetes' strict decoding does."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"twice: {keys}"
        return super().construct_mapping(node, deep)


USERS = yaml.safe_load(Path(__file__).with_name("users-values.yaml").read_text())


@pytest.fixture(scope="module")
def users() -> list[Manifest]:
    """Renders everything that users may add, at once; a repeated key is an error."""
    minimal = yaml.safe_load((generate.CHART / "ci" / "minimal-values.yaml").read_text())
    status, text, complaint = rendered(merged(minimal, USERS))
    assert status == 0, complaint
    return [document for document in yaml.load_all(text, Loader=Unique) if document]


def test_what_users_add_is_taken_by_kubernetes(users: list[Manifest]) -> None:
    for document in users:
        if document["kind"] != "ServiceMonitor":
            kubernetes_validate.validate(document, "1.30", strict=True)


def test_what_users_add_reaches_every_pod(users: list[Manifest]) -> None:
    """The more specific value wins: a component's over every pod's, and every pod's over every object's."""
    seen = set()
    for name, template in pod_templates(users):
        labels, pod = template["metadata"]["labels"], template["spec"]
        component = labels["app.kubernetes.io/component"]
        seen.add(component)
        assert labels["team"] == "pods", name
        assert labels["tier"] == {"web": "web", "drain": "drain"}.get(component, "pods"), name
        assert template["metadata"]["annotations"]["a"] == ("web" if component == "web" else "pods"), name
        assert pod["securityContext"]["runAsUser"] == 1000700000
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["runtimeClassName"] == "gvisor"
        assert pod["hostAliases"] == USERS["hostAliases"]
        assert (pod["dnsPolicy"], pod["dnsConfig"]) == ("None", USERS["dnsConfig"])
        assert pod["affinity"]["podAntiAffinity"] == USERS["affinity"]["podAntiAffinity"]
        near = pod["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert near[0]["topologyKey"] == "topology.kubernetes.io/zone"
        assert [term["topologyKey"] for term in near[1:]] == ["kubernetes.io/hostname"] * (component != "test"), name
        (container,) = pod["containers"]
        assert container["securityContext"]["seLinuxOptions"] == {"level": "s0:c1"}
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        variables = [variable["name"] for variable in container["env"]]
        assert len(variables) == len(set(variables)), name
        values = {variable["name"]: variable.get("value", "") for variable in container["env"]}
        assert values["OTEL_RESOURCE_ATTRIBUTES"].endswith(",deployment.environment.name=live")
        assert values["OTEL_RESOURCE_ATTRIBUTES"].startswith("service.namespace=shop,")
        assert values["TZ"] == "America/Bogota"
        assert {"secretRef": {"name": "proxy"}} in container["envFrom"]
    assert seen == {"web", "drain", "backup", "test"}


def test_what_users_add_to_one_part_is_there(users: list[Manifest]) -> None:
    web = find(users, "Deployment", "shop-recado")["spec"]["template"]["spec"]
    container = web["containers"][0]
    assert "ca" in [volume["name"] for volume in web["volumes"]]
    assert {"name": "ca", "mountPath": "/etc/ca"} in container["volumeMounts"]
    assert container["lifecycle"] == {
        "postStart": {"exec": {"command": ["true"]}},
        "preStop": {"sleep": {"seconds": 5}},
    }
    assert (container["readinessProbe"]["timeoutSeconds"], container["readinessProbe"]["periodSeconds"]) == (9, 2)
    monitor = find(users, "ServiceMonitor", "shop-recado")
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["endpoints"][0]["relabelings"][0]["targetLabel"] == "shop"
    assert monitor["spec"]["endpoints"][0]["metricRelabelings"][0]["action"] == "drop"
    claim = find(users, "PersistentVolumeClaim", "shop-recado-queue")
    assert (claim["metadata"]["labels"]["disk"], claim["spec"]["selector"]) == ("fast", {"matchLabels": {"c": "d"}})
    assert claim["metadata"]["annotations"] == {"b": "1", "helm.sh/resource-policy": "keep"}
    claim = find(users, "PersistentVolumeClaim", "shop-recado-backup")
    assert (claim["metadata"]["labels"]["disk"], claim["spec"]["selector"]) == ("slow", {"matchLabels": {"f": "g"}})
    assert find(users, "Service", "shop-recado")["spec"]["ports"][0]["nodePort"] == 30080
    ingress = find(users, "Ingress", "shop-recado")["spec"]
    assert (
        [rule["host"] for rule in ingress["rules"]] == ingress["tls"][0]["hosts"] == ["a.example.com", "b.example.com"]
    )
    assert find(users, "ConfigMap", "shop-more")["data"] == {"a": "b"}
    boards = [d["metadata"]["labels"]["team"] for d in users if "-board-" in d["metadata"]["name"]]
    assert set(boards) == {"boards"}


def test_a_hook_of_the_users_replaces_the_wait(render: Render) -> None:
    """Two handlers in one hook would be refused by Kubernetes."""
    documents = render('web.lifecycle={"preStop":{"exec":{"command":["true"]}}}')
    web = find(documents, "Deployment", "shop-recado")["spec"]["template"]["spec"]["containers"][0]
    assert web["lifecycle"] == {"preStop": {"exec": {"command": ["true"]}}}


def test_a_context_can_lose_a_field() -> None:
    """A null removes it, for platforms that choose the user."""
    minimal = yaml.safe_load((generate.CHART / "ci" / "minimal-values.yaml").read_text())
    _, text, _ = rendered(minimal | {"podSecurityContext": {"runAsUser": None, "fsGroup": None}})
    web = find(manifests(text), "Deployment", "shop-recado")["spec"]["template"]["spec"]
    assert "runAsUser" not in web["securityContext"]
    assert web["securityContext"]["runAsNonRoot"] is True


# -- names -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", ["s" * 53, "a-" * 26 + "b", "r" * 39])
def test_every_name_fits_however_long_the_release_is_called(release: str) -> None:
    """52 characters for a CronJob, 63 for a Service, a Job and a label; so the full name has 39 at most."""
    values = yaml.safe_dump(merged(SIMULATED, USERS | {"ingress": {"enabled": False}}))
    done = generate.run("template", release, str(generate.CHART), "-f", "-", "--is-upgrade", stdin=values)
    assert done.returncode == 0, done.stderr
    for document in manifests(done.stdout):
        limit = {"CronJob": 52, "Service": 63, "Job": 63 - 4}.get(document["kind"], 253)
        assert len(document["metadata"]["name"]) <= limit, document["metadata"]["name"]
    for _, template in pod_templates(manifests(done.stdout)):
        assert all(len(value) <= 63 for value in template["metadata"]["labels"].values())


def test_a_claim_with_a_long_name_makes_a_label(render: Render) -> None:
    """A claim's name may have 253 characters, and dots; a label's value 63."""
    name = "queue." + "x" * 200
    web = find(render(f'store.sqlite.existingClaim="{name}"'), "Deployment", "shop-recado")["spec"]["template"]
    assert web["metadata"]["labels"]["recado/volume"] == name[:63]


# -- settings --------------------------------------------------------------------------------------------------


def settings_name(documents: list[Manifest]) -> str:
    (name,) = (
        d["metadata"]["name"] for d in documents if d["kind"] == "ConfigMap" and "WHATSAPP_PHONE_NUMBER_ID" in d["data"]
    )
    return str(name)


def test_new_settings_are_another_config_map_and_the_one_of_before_stays(render: Render) -> None:
    """A failed upgrade, a running drain and a rollback still find their own settings."""
    name = settings_name(render())
    assert name == settings_name(render("commonLabels={}", 'web.podLabels={"a":"b"}'))
    other = render("settings.RECADO_DRAIN_BATCH=7", "backup.enabled=true")
    assert settings_name(other) != name
    kept = find(other, "ConfigMap", settings_name(other))
    assert kept["immutable"] is True
    assert kept["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    for pod, template in pod_templates(other):
        (source,) = template["spec"]["containers"][0]["envFrom"]
        assert source == {"configMapRef": {"name": settings_name(other)}}, pod


TRIED: tuple[Any, ...] = (
    *(-1, 0, 0.0005, 0.5, 1, 1.5, 60, MAX_NUMBER, MAX_NUMBER + 1, True),
    *("", "nope", "7", "1,2", "1, 0", "1,,2", "fail", "warning"),
    *("*", "10.0.0.0/8, 2001:db8::/32", "10.0.0.300", "10.0.0.0/33"),
    *("UTC", "template", "es", "mon-fri 9-18, sat 9:30-13", "sunday 9-18"),
)


def refused(variable: str, value: Any) -> list[str]:
    """What the settings have against a value by itself; one setting beside another is for _validate.tpl."""
    try:
        load({variable: value if isinstance(value, str) else json.dumps(value)})
    except SettingsError as error:
        return [problem for problem in error.problems if problem.startswith(f"{variable} ")]
    return []


@pytest.mark.parametrize("setting", generate.settable(), ids=lambda setting: setting.variable)
def test_what_the_schema_takes_the_settings_take(setting: Setting) -> None:
    """No value passes `helm upgrade` and stops the pods; and what is set by default passes."""
    schema = jsonschema.Draft7Validator(SCHEMA["properties"]["settings"]["properties"][setting.variable])
    taken = [value for value in TRIED if schema.is_valid(value)]
    assert taken
    assert [problem for value in taken for problem in refused(setting.variable, value)] == []
    usual = msgspec.to_builtins(setting.default)
    assert schema.is_valid(",".join(f"{part:g}" for part in usual) if isinstance(usual, tuple | list) else usual)
