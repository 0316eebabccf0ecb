"""What holds for every pod of every scenario: the restricted Pod Security Standard, shutdown, the shared volume."""

import inspect
import json
from collections.abc import Callable
from typing import Any

import generate
import pytest
import yaml

from recado.cli.backup import backup
from recado.http.server import SHUTDOWN_SECONDS
from recado.http.shutdown import CLOSING_SECONDS
from recado.settings import DRAIN_NEEDS, variable_of

from .conftest import Manifest, find, pod_templates

Render = Callable[..., list[Manifest]]

#: The seconds that closing the store and flushing the last traces may take.
FLUSH_SECONDS = 10
ALLOWED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def test_pods_meet_the_restricted_standard(scenario: list[Manifest]) -> None:
    """A namespace that enforces `restricted` admits every pod, including those of tests and jobs."""
    for name, template in pod_templates(scenario):
        pod = template["spec"]
        assert not {"hostNetwork", "hostPID", "hostIPC"} & {key for key, on in pod.items() if on}, name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] == 10001, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for volume in pod["volumes"]:
            assert set(volume) - {"name"} <= ALLOWED_VOLUMES, name
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False, name
            assert security["capabilities"] == {"drop": ["ALL"]}, name
            assert security["readOnlyRootFilesystem"] is True, name
            assert not any("hostPort" in port for port in container.get("ports", [])), name


def test_pods_have_what_recado_expects(scenario: list[Manifest]) -> None:
    """Every pod has a writable /tmp, resources and no service links: a Service named recado would set RECADO_PORT."""
    for name, template in pod_templates(scenario):
        pod = template["spec"]
        assert pod["enableServiceLinks"] is False, name
        for container in pod["containers"]:
            assert "/tmp" in [mount["mountPath"] for mount in container["volumeMounts"]], name
            assert container["resources"]["requests"], name
            assert "cpu" not in container["resources"]["limits"], name
            assert "command" not in container, f"{name}: the image's own entry point knows the commands"


def test_a_token_is_mounted_only_where_it_is_used(scenario: list[Manifest]) -> None:
    """Only the web pod talks to the API server, and only where Events are on, which it records."""
    events = any(d["kind"] == "Role" for d in scenario)
    for name, template in pod_templates(scenario):
        component = template["metadata"]["labels"]["app.kubernetes.io/component"]
        assert template["spec"]["automountServiceAccountToken"] is (events and component == "web"), name


def test_the_role_allows_events_and_no_more(scenario: list[Manifest]) -> None:
    """The role allows reading the release's own Deployment and creating Events."""
    for document in scenario:
        if document["kind"] == "Role":
            allowed = {(r, v) for rule in document["rules"] for r in rule["resources"] for v in rule["verbs"]}
            assert allowed == {("deployments", "get"), ("events", "create")}
            assert document["rules"][0]["resourceNames"] == ["shop-recado"]


@pytest.mark.parametrize("seconds", [1, 12])
def test_the_grace_period_is_the_sum_of_what_happens_in_it(render: Render, seconds: int) -> None:
    """The grace period leaves time to keep serving, to finish and to flush, whatever wait the values set."""
    documents = render(f"web.preStopSeconds={seconds}")
    pod = find(documents, "Deployment", "shop-recado")["spec"]["template"]["spec"]
    assert pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"] == seconds
    assert pod["terminationGracePeriodSeconds"] >= seconds + CLOSING_SECONDS + SHUTDOWN_SECONDS + FLUSH_SECONDS


def test_probes_ask_different_questions(scenario: list[Manifest]) -> None:
    """Liveness never asks what readiness asks, and start-up has time to migrate before liveness counts."""
    web = find(scenario, "Deployment", "shop-recado")["spec"]["template"]["spec"]["containers"][0]
    assert web["livenessProbe"]["httpGet"]["path"] == web["startupProbe"]["httpGet"]["path"] == "/livez"
    assert web["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert web["startupProbe"]["periodSeconds"] * web["startupProbe"]["failureThreshold"] >= 60


def test_pods_of_the_sqlite_volume_share_a_node_even_when_each_is_the_first(scenario: list[Manifest]) -> None:
    """Each pod that mounts the queue requires the node of the pods that have a label which it carries too.

    The scheduler waives a required affinity only for a pod that matches its own term: so a drain starts where no web
    pod runs.
    """
    for name, template in pod_templates(scenario):
        claims = [v["persistentVolumeClaim"]["claimName"] for v in template["spec"]["volumes"] if v["name"] == "queue"]
        if claims:
            (term,) = template["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
            assert term["topologyKey"] == "kubernetes.io/hostname"
            asked = term["labelSelector"]["matchLabels"]
            assert asked == {"recado/volume": claims[0]}, name
            assert asked.items() <= template["metadata"]["labels"].items(), name
        else:
            assert "podAffinity" not in template["spec"].get("affinity", {}), name


def test_an_upgrade_never_lacks_a_web_pod(scenario: list[Manifest]) -> None:
    """The new web pod is ready before the old one goes; the volume is shared on the node for that moment."""
    strategy = find(scenario, "Deployment", "shop-recado")["spec"]["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


def test_the_volume_is_for_one_node_and_is_kept(render: Render) -> None:
    """The queue outlives the release, unless an operator says otherwise."""
    claim = find(render(), "PersistentVolumeClaim", "shop-recado-queue")
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    claim = find(render("store.sqlite.keep=false"), "PersistentVolumeClaim", "shop-recado-queue")
    assert "annotations" not in claim["metadata"]


def test_the_drain_is_a_cron_job_that_cannot_pile_up(render: Render) -> None:
    """The fields that decide about a late, hanging or failing drain have the intended values."""
    cron = find(render(), "CronJob", "shop-recado-drain")["spec"]
    assert (cron["concurrencyPolicy"], cron["startingDeadlineSeconds"], cron["timeZone"]) == ("Forbid", 200, "Etc/UTC")
    job = cron["jobTemplate"]["spec"]
    assert (job["backoffLimit"], job["template"]["spec"]["restartPolicy"]) == (0, "Never")
    assert 50 < job["activeDeadlineSeconds"] < 60
    assert job["ttlSecondsAfterFinished"] >= 3600
    actions = [(rule["action"], rule.get("onExitCodes", {}).get("values")) for rule in job["podFailurePolicy"]["rules"]]
    assert actions == [("FailJob", [2]), ("Ignore", None)]


def test_the_loop_replaces_the_cron_job(render: Render) -> None:
    """With drain.loop the drain is a Deployment, and there is no CronJob."""
    documents = render("drain.loop=true")
    container = find(documents, "Deployment", "shop-recado-drain")["spec"]["template"]["spec"]["containers"][0]
    assert container["args"] == ["drain", "--loop"]
    assert not [d for d in documents if d["kind"] == "CronJob"]


def test_secrets_reach_containers_by_reference_alone(scenario: list[Manifest]) -> None:
    """No secret is in an argument, in a ConfigMap or in plain text in an environment."""
    for _, template in pod_templates(scenario):
        for container in template["spec"]["containers"]:
            for variable in container.get("env", []):
                if variable["name"].endswith(("_TOKEN", "_SECRET", "_PREVIOUS")):
                    assert "value" not in variable
                    assert variable["valueFrom"]["secretKeyRef"]["name"]
    for document in scenario:
        if document["kind"] == "ConfigMap":
            assert not [key for key in document["data"] if key.endswith(("_TOKEN", "_SECRET"))]


def test_the_drain_has_the_secrets_that_it_needs_and_no_other(scenario: list[Manifest]) -> None:
    """It sends replies, transcribes voice notes and takes no webhook, so it does not have the app secret."""
    drain = next(template for name, template in pod_templates(scenario) if name.endswith("/shop-recado-drain"))
    (container,) = drain["spec"]["containers"]
    secrets = {v["name"] for v in container["env"] if "secretKeyRef" in v.get("valueFrom", {})}
    assert secrets - {"DATABASE_URL", "RECADO_TRANSCRIBE_TOKEN"} == {variable_of(field) for field in DRAIN_NEEDS}


def test_more_variables_reach_every_container(render: Render) -> None:
    """extraEnv reaches each container of recado: web, drain, backup and drill, simulator, tests and load."""
    more = 'extraEnv=[{"name":"TZ","value":"Etc/UTC"}]'
    asked = ("backup.enabled=true", "simulator.enabled=true", "loadtest.enabled=true")
    templates = [*pod_templates(render(more, *asked)), *pod_templates(render(more, "drain.loop=true"))]
    for name, template in templates:
        for container in template["spec"]["containers"]:
            assert {"name": "TZ", "value": "Etc/UTC"} in container["env"], name


def test_a_changed_setting_restarts_the_pods(render: Render) -> None:
    """The settings' ConfigMap is named after its content, so a change restarts the pods; a changed catalogue does
    not."""

    def pod(*settings: str) -> Any:
        return find(render(*settings), "Deployment", "shop-recado")["spec"]["template"]

    assert pod() != pod('settings.RECADO_LOG_LEVEL="debug"')
    csv = r"sku,name,aliases,unit_price,currency\nA,B,,1.00,USD\n"
    assert pod() == pod(f'catalogue={{"csv": "{csv}"}}')


def test_availability_objects_come_only_where_they_make_sense(render: Render) -> None:
    """One pod has no disruption budget, which would block node drains; an autoscaled Deployment sets no replicas."""
    assert not [d for d in render() if d["kind"] in ("PodDisruptionBudget", "HorizontalPodAutoscaler")]
    documents = render('store.type="postgres"', 'store.postgres.existingSecret="db"', "autoscaling.enabled=true")
    assert {"PodDisruptionBudget", "HorizontalPodAutoscaler"} <= {d["kind"] for d in documents}
    assert "replicas" not in find(documents, "Deployment", "shop-recado")["spec"]
    assert not [d for d in documents if d["kind"] == "PersistentVolumeClaim"]


def test_a_first_backup_is_made_at_once(render: Render) -> None:
    """A first backup binds storage that waits for a consumer. The Job's name depends on its content, as Jobs are
    immutable."""

    def job(*settings: str) -> Manifest:
        (found,) = (d for d in render("backup.enabled=true", *settings) if d["kind"] == "Job")
        return found

    first, same, upgraded = job(), job("drain.suspend=true"), job('image.tag="9.9.9"')
    assert first["metadata"]["name"] == same["metadata"]["name"] != upgraded["metadata"]["name"]
    pod = first["spec"]["template"]["spec"]
    assert {"name": "backup", "persistentVolumeClaim": {"claimName": "shop-recado-backup"}} in pod["volumes"]
    assert pod["containers"][0]["args"][:2] == ["backup", "/backup"]


def test_the_copies_of_a_full_queue_fit() -> None:
    """The default volume holds the copies that are kept and the one that is being made."""
    values = yaml.safe_load((generate.CHART / "values.yaml").read_text())
    queue, volume = (int(part["size"].removesuffix("Gi")) for part in (values["store"]["sqlite"], values["backup"]))
    assert (values["backup"]["keep"] + 1) * queue <= volume
    assert inspect.signature(backup).parameters["keep"].default == values["backup"]["keep"]


POSTGRES = ('store.type="postgres"', 'store.postgres.existingSecret="db"')


def test_postgres_needs_no_volume_and_no_node(render: Render) -> None:
    """Pods of web and drain run on any node, two drains share the work, and each is kept available."""
    documents = render(*POSTGRES, "web.replicaCount=3")
    web = find(documents, "Deployment", "shop-recado")["spec"]
    drain = find(documents, "Deployment", "shop-recado-drain")["spec"]
    kinds = [(document["kind"], document["metadata"]["name"]) for document in documents]
    pods = [web["template"]["spec"], drain["template"]["spec"]]

    assert (web["replicas"], drain["replicas"]) == (3, 2)
    assert all("affinity" not in pod for pod in pods)
    assert [pod["topologySpreadConstraints"][0]["topologyKey"] for pod in pods] == ["kubernetes.io/hostname"] * 2
    assert not {"PersistentVolumeClaim", "CronJob"} & {kind for kind, _ in kinds}
    assert {name for kind, name in kinds if kind == "PodDisruptionBudget"} == {"shop-recado", "shop-recado-drain"}


def test_the_schema_is_brought_up_to_date_before_the_pods(render: Render) -> None:
    """A hook migrates, with its own URL if one is given; it gets no other secret and needs no other object of the
    chart."""
    job = find(render(*POSTGRES, 'store.postgres.migrate.key="owner"'), "Job", "shop-recado-migrate")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    secrets = {
        v["name"]: v["valueFrom"]["secretKeyRef"]["key"]
        for v in container["env"]
        if "secretKeyRef" in v.get("valueFrom", {})
    }

    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert container["args"] == ["migrate"]
    assert secrets == {"DATABASE_URL": "owner"}
    assert "envFrom" not in container


@pytest.mark.parametrize("component", ["web", "drain"])
def test_the_way_to_the_database_is_open(render: Render, component: str) -> None:
    """The network policy opens the database's port, to the pods that the values name."""
    to = [{"podSelector": {"matchLabels": {"cnpg.io/cluster": "recado-postgres"}}}]
    given = ("store.postgres.port=6432", f"store.postgres.networkPolicyTo={json.dumps(to)}")
    documents = render(*POSTGRES, "networkPolicy.enabled=true", *given)
    policy = find(documents, "NetworkPolicy", f"shop-recado-{component}")

    assert {"ports": [{"port": 6432, "protocol": "TCP"}], "to": to} in policy["spec"]["egress"]


def test_one_store_at_a_time(render: Render) -> None:
    """A pod gets either the path of a file or a URL, never both."""
    for asked, name in (((), "RECADO_DATABASE"), (POSTGRES, "DATABASE_URL")):
        documents = render(*asked)
        web = find(documents, "Deployment", "shop-recado")["spec"]["template"]["spec"]["containers"][0]
        settings = next(
            d["data"] for d in documents if d["kind"] == "ConfigMap" and "-settings-" in d["metadata"]["name"]
        )
        names = {variable["name"] for variable in web["env"]} | set(settings)

        assert names & {"RECADO_DATABASE", "DATABASE_URL"} == {name}


@pytest.mark.parametrize("name", ["events", "notify"])
def test_the_receivers_are_mounted_where_entries_for_them_are_written_and_sent(render: Render, name: str) -> None:
    """The web pod writes events and notices, the drain sends them; no other pod sees their secrets."""
    documents = render(f'{name}={{"existingSecret": "shop-told", "key": "told.json"}}')
    setting = f"RECADO_{name.upper()}_FILE"
    mounted = {}
    for _, template in pod_templates(documents):
        component = template["metadata"]["labels"]["app.kubernetes.io/component"]
        volumes = [volume["secret"] for volume in template["spec"]["volumes"] if volume["name"] == name]
        variables = {
            one["name"]: one.get("value")
            for container in template["spec"]["containers"]
            for one in container.get("env", [])
        }
        if volumes or setting in variables:
            mounted[component] = (volumes, variables[setting])

    secret = {"secretName": "shop-told", "items": [{"key": "told.json", "path": f"{name}.json"}]}
    assert mounted == dict.fromkeys(("web", "drain"), ([secret], f"/etc/recado/{name}/{name}.json"))


def test_words_of_the_shop_are_mounted_where_the_setting_says(render: Render) -> None:
    """The ConfigMap is mounted as a folder, so that changed words reach running pods."""
    documents = render('catalogue.wordsConfigMap="words-of-the-shop"')
    settings = next(d for d in documents if d["kind"] == "ConfigMap" and "RECADO_LANGUAGE" in d.get("data", {}))
    pod = find(documents, "Deployment", "shop-recado")["spec"]["template"]["spec"]
    mount = next(m for m in pod["containers"][0]["volumeMounts"] if m["name"] == "words")
    assert mount["mountPath"] == settings["data"]["RECADO_LANGUAGE"]
    assert {"name": "words", "configMap": {"name": "words-of-the-shop"}} in pod["volumes"]
