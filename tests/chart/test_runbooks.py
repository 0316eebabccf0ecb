"""What the runbooks and docs/operations.md tell a tired person to type names what the chart makes.

Every `kubectl`, `helm` and `recado` command of their code is taken apart and compared with what the scenarios of
charts/recado/ci render. A Secret, a ConfigMap or a claim may have a name of the operator's own, so a page reads that
name from the Deployment: into a shell variable, by a JSONPath.
"""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import generate
import pytest

from recado.cli import app

from .conftest import Manifest, manifests, pod_templates

DOCS = generate.ROOT / "docs"
RUNBOOKS = sorted((DOCS / "runbooks").glob("Recado*.md"))
PAGES = [*RUNBOOKS, DOCS / "operations.md"]

#: What the alert's labels, and `helm list`, say of the release that the scenarios are rendered as.
SHELL = {"NAMESPACE": generate.NAMESPACE, "NAME": "shop-recado", "HELM_RELEASE": generate.RELEASE}
#: The second release of docs/operations.md.
TRIAL = "trial"
#: Everything that may be made outside the chart, under other names than the chart's.
OUTSIDE = (
    'catalogue.existingConfigMap="our-catalogue"',
    'store.sqlite.existingClaim="our-queue"',
    'whatsapp.existingSecret="our-secret"',
)
KINDS = {
    "configmap": "ConfigMap",
    "configmaps": "ConfigMap",
    "cronjob": "CronJob",
    "cronjobs": "CronJob",
    "deploy": "Deployment",
    "deployments": "Deployment",
    "endpointslices": "EndpointSlice",
    "events": "Event",
    "ingress": "Ingress",
    "job": "Job",
    "jobs": "Job",
    "namespace": "Namespace",
    "pod": "Pod",
    "pods": "Pod",
    "pv": "PersistentVolume",
    "pvc": "PersistentVolumeClaim",
    "secret": "Secret",
    "svc": "Service",
}
CHOSEN = {"ConfigMap", "PersistentVolumeClaim", "Secret"}
#: Options whose value is the next word; others have it behind a "=", or none.
VALUED = {
    "-n",
    "--namespace",
    "-l",
    "-o",
    "-p",
    "--patch",
    "-f",
    "--release",
    "--set",
    "--sort-by",
    "--field-selector",
    "--raw",
}
#: What changes fields that are Helm's: with Helm 4 the next upgrade is refused with a conflict.
BY_HAND = {"annotate", "autoscale", "edit", "label", "patch", "replace", "scale", "set"}
PUNCTUATION = "|;&()<>"
JSONPATH = r'\.(\w+)|\[\?\(@\.(\w+)=="([^"]+)"\)\]'


class Command(NamedTuple):
    """One call of a program; `variable` takes what it prints."""

    program: str
    words: list[str]
    variable: str

    def option(self, *names: str) -> str:
        for word, after in zip(self.words, [*self.words[1:], ""], strict=True):
            name, _, value = word.partition("=")
            if name in names:
                return value or after
        return ""

    @property
    def positional(self) -> list[str]:
        """The words that are neither options nor meant for a program in a pod."""
        words = iter(self.words[: self.words.index("--")] if "--" in self.words else self.words)
        found = []
        for word in words:
            if word in VALUED:
                next(words, None)
            elif not word.startswith("-"):
                found.append(word)
        return found

    @property
    def inside(self) -> list[str]:
        """The command that is run in a pod."""
        return self.words[self.words.index("--") + 1 :] if "--" in self.words else []


class World(NamedTuple):
    """What one scenario puts into the cluster."""

    documents: list[Manifest]

    def names(self, kind: str) -> set[str]:
        """The objects of a kind that are rendered, or that a rendered pod uses."""
        used = {generate.NAMESPACE} if kind == "Namespace" else set[str]()
        for _, template in pod_templates(self.documents):
            for container in template["spec"]["containers"]:
                for source in container.get("envFrom", []):
                    used |= {source["configMapRef"]["name"]} if kind == "ConfigMap" else set()
                for variable in container.get("env", []):
                    secret = variable.get("valueFrom", {}).get("secretKeyRef")
                    used |= {secret["name"]} if secret and kind == "Secret" else set()
            for volume in template["spec"]["volumes"]:
                if kind == "PersistentVolumeClaim" and "persistentVolumeClaim" in volume:
                    used.add(volume["persistentVolumeClaim"]["claimName"])
                if kind == "ConfigMap" and "configMap" in volume:
                    used.add(volume["configMap"]["name"])
        return used | {d["metadata"]["name"] for d in self.documents if d["kind"] == kind}

    def labels(self, kind: str) -> list[dict[str, str]]:
        """The labels of each object of a kind, of those too that Kubernetes makes from what is rendered."""
        if kind == "Pod":
            return [template["metadata"]["labels"] for _, template in pod_templates(self.documents)]
        made = {"Job": "CronJob", "EndpointSlice": "Service"}.get(kind)
        found = [d["metadata"]["labels"] for d in self.documents if d["kind"] == kind]
        for document in self.documents:
            if document["kind"] == made:
                source = document["spec"]["jobTemplate"] if kind == "Job" else document
                found.append(source["metadata"]["labels"])
        return found

    def deployment(self, name: str) -> Manifest:
        return next(d for d in self.documents if d["kind"] == "Deployment" and d["metadata"]["name"] == name)


@cache
def worlds() -> list[World]:
    """Every scenario that this version can run, and one where all that may be made outside the chart is."""
    values = str(generate.CHART / "ci" / "minimal-values.yaml")
    outside = generate.template("-f", values, *(f"--set-json={setting}" for setting in OUTSIDE))
    return [World(manifests(generate.scenario(n))) for n in generate.SCENARIOS if n != "postgres"] + [
        World(manifests(outside))
    ]


@cache
def trial() -> World:
    values = str(generate.CHART / "ci" / "simulator-values.yaml")
    return World(manifests(generate.helm("template", TRIAL, str(generate.CHART), "-f", values).stdout))


# -- what a page tells to type ---------------------------------------------------------------------------------


def code(text: str) -> list[str]:
    """The lines of a page's code blocks, fenced or indented, and the commands within its sentences."""
    lines, fenced = list[str](), False
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            lines.append(line)
        else:
            lines += re.findall(r"`((?:kubectl|helm|recado) [^`\s]+ [^`]+)`", line)
    return lines


def commands(text: str) -> Iterator[Command]:
    for line in code(text):
        lexer = shlex.shlex(line, posix=True, punctuation_chars=PUNCTUATION)
        lexer.whitespace_split = True
        simple, variable = list[str](), ""
        for token in [*lexer, ";"]:
            if token and set(token) <= set(PUNCTUATION):
                while simple and simple[0] in ("until", "while", "if", "do", "!"):
                    del simple[0]
                if simple and simple[0] in ("kubectl", "helm", "recado"):
                    yield Command(simple[0], simple[1:], variable)
                last = simple[-1] if simple else ""
                variable = last.removesuffix("=$") if last.endswith("=$") else ""
                simple = []
            else:
                simple.append(token)


def filled(word: str, shell: dict[str, str]) -> str:
    """A word with its shell variables replaced. Raises KeyError for one that was never set."""
    return re.sub(r"\$\{?(\w+)\}?", lambda match: shell[match[1]], word)


def jsonpath(tree: Any, path: str) -> str:
    """The one value that a path of fields and of `[?(@.name=="x")]` leads to, as kubectl prints it."""
    assert re.fullmatch(r"\{(?:" + JSONPATH + r")+\}", path), path
    for field, key, value in re.findall(JSONPATH, path):
        tree = tree[field] if field else next(item for item in tree if item[key] == value)
    assert isinstance(tree, str)
    return tree


# -- what is wrong with it -------------------------------------------------------------------------------------


def mistakes(text: str) -> list[str]:
    """What a page tells to type that would not work."""
    found = list[str]()
    shells = [dict(SHELL) for _ in worlds()]
    made = set[tuple[str, str]]()
    for command in commands(text):
        shown = shlex.join([command.program, *command.words])
        try:
            checked = {"kubectl": kubectl, "helm": helm, "recado": recado}[command.program](command, shells, made)
            found += [f"{problem}: {shown}" for problem in checked]
        except (KeyError, StopIteration) as error:
            found.append(f"{error!r}: {shown}")
    return found


def kubectl(command: Command, shells: list[dict[str, str]], made: set[tuple[str, str]]) -> Iterator[str]:
    yield from forbidden(command)
    if filled(command.option("-n", "--namespace") or generate.NAMESPACE, SHELL) != generate.NAMESPACE:
        return
    if command.inside[:1] == ["recado"]:
        yield from known(command.inside[1:])
    if path := command.option("--raw"):
        yield from raw(path, shells)
        return
    kinds, names = asked(command, made)
    for kind in kinds:
        for name in names:
            called = [filled(name, shell) for shell in shells]
            there = [
                (kind, own) in made or own in world.names(kind) for world, own in zip(worlds(), called, strict=True)
            ]
            if not (all(there) if kind in CHOSEN else any(there) or name in trial().names(kind)):
                yield f"no {kind} {name}"
        if selector := dict(part.split("=") for part in command.option("-l").split(",") if part):
            there = [any(selector.items() <= labels.items() for labels in world.labels(kind)) for world in worlds()]
            # It is no mistake to delete by label what one installation made and another did not.
            everywhere = kind in CHOSEN and "delete" not in command.positional[:1]
            if not (all(there) if everywhere else any(there)):
                yield f"no {kind} with these labels"
    if command.variable:
        path = command.option("-o").removeprefix("jsonpath=")
        for world, shell in zip(worlds(), shells, strict=True):
            shell[command.variable] = jsonpath(world.deployment(filled(names[0], shell)), path)


def forbidden(command: Command) -> Iterator[str]:
    """What nobody should be told to type, whatever is there."""
    if command.words.count("-n") > 1:
        yield "two namespaces"
    if command.inside[:2] == ["recado", "doctor"] or "--in-cluster" in command.inside:
        yield "the pod may not look at the cluster: this is for the operator's machine"
    if BY_HAND & set(command.positional[:1]) and "namespace" not in command.positional:
        yield "Helm owns what this changes: use helm upgrade --reset-then-reuse-values --set"


def raw(path: str, shells: list[dict[str, str]]) -> Iterator[str]:
    """A path of the API server that leads through a Service."""
    match = re.fullmatch(r"/api/v1/namespaces/([^/]+)/services/([^/:]+):([^/]+)/proxy/\S+", path)
    assert match, path
    namespace, service, port = match.groups()
    if filled(namespace, SHELL) != generate.NAMESPACE:
        yield "another namespace"
    for shell in shells:
        called = filled(service, shell)
        worlds_and_trial = [d for world in (*worlds(), trial()) for d in world.documents if d["kind"] == "Service"]
        ports = {p["name"] for d in worlds_and_trial if d["metadata"]["name"] == called for p in d["spec"]["ports"]}
        if port not in ports:
            yield f"no port {port} of Service {called}"


def asked(command: Command, made: set[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """The kinds and names that a kubectl command is about; what it makes is noted in `made`."""
    verb, *words = command.positional
    if verb == "create":
        made.add((KINDS[words[0]], words[-1]))
        words = [command.option("--from")] if command.option("--from") else []
    elif verb == "rollout":
        words = words[1:]
    elif verb in ("exec", "logs", "port-forward"):
        words = words[:1] or ["pod"]
    elif verb == "apply" or "--ignore-not-found" in command.words:
        words = []
    if words and "/" in words[0]:
        kind, _, name = words[0].partition("/")
        assert len(words) == 1, "one object at a time"
        return [KINDS[kind]], [name]
    if verb == "label":
        words = words[:2]
    return [KINDS[kind] for kind in words[0].split(",")] if words else [], words[1:]


def helm(command: Command, shells: list[dict[str, str]], made: set[tuple[str, str]]) -> Iterator[str]:
    verb, *words = command.positional
    if verb != "list" and filled(words[0], SHELL) not in (generate.RELEASE, TRIAL):
        yield f"no release {words[0]}"
    if verb == "rollback" and len(words) < 2:
        yield "without a revision Helm may choose an upgrade that failed"
    if verb in ("install", "upgrade") and not (generate.ROOT / words[1] / "Chart.yaml").is_file():
        yield f"no chart {words[1]}"
    if (values := command.option("-f") or "values.yaml") != "values.yaml" and not (generate.ROOT / values).is_file():
        yield f"no file {values}"


def recado(command: Command, shells: list[dict[str, str]], made: set[tuple[str, str]]) -> Iterator[str]:
    yield from known(command.words)
    if filled(command.option("--release") or generate.RELEASE, SHELL) != generate.RELEASE:
        yield "--release is Helm's release"
    if filled(command.option("-n") or generate.NAMESPACE, SHELL) != generate.NAMESPACE:
        yield "no such namespace"


def known(words: list[str]) -> Iterator[str]:
    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    if words[0] not in names | {group.name for group in app.registered_groups}:
        yield f"no command recado {words[0]}"


# -- tests -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_name_what_the_chart_makes(page: Path) -> None:
    """Each object, release, label and file of each command is there."""
    assert list(commands(page.read_text()))
    assert mistakes(page.read_text()) == []


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_a_runbook_says_first_what_its_variables_are(page: Path) -> None:
    """NAMESPACE and NAME, from the alert's labels, and Helm's release where a command needs it; each once."""
    text = page.read_text()
    block = text.split("```sh\n")[1].split("```")[0]
    exported = re.compile(r"^export (.*?)  +# ", re.MULTILINE)
    helms = ["HELM_RELEASE=..."] if "$HELM_RELEASE" in text else []
    assert exported.findall(block) == exported.findall(text) == ["NAMESPACE=... NAME=...", *helms]


@pytest.mark.parametrize(
    "line",
    [
        "kubectl -n $NAMESPACE exec deploy/$RELEASE -- recado queue status",
        "kubectl -n $NAMESPACE logs deploy/$HELM_RELEASE",
        "kubectl -n $NAMESPACE patch pvc $NAME --patch '{}'",
        "kubectl -n $NAMESPACE patch pvc $NAME-queue --patch '{}'",
        'kubectl -n $NAMESPACE patch cronjob $NAME-drain -p \'{"spec":{"suspend":true}}\'',
        "kubectl -n $NAMESPACE scale deploy/$NAME --replicas=0",
        "kubectl get --raw /api/v1/namespaces/$NAMESPACE/services/$NAME:graph/proxy/metrics",
        "kubectl -n $NAMESPACE get configmap $NAME-catalogue",
        "kubectl -n $NAMESPACE get secret -l app.kubernetes.io/name=recado",
        "kubectl -n $NAMESPACE get jobs -l app.kubernetes.io/component=drian",
        "kubectl -n $NAMESPACE logs -n ingress-nginx deploy/ingress-nginx-controller",
        "kubectl -n $NAMESPACE exec deploy/$NAME -- recado doctor",
        "kubectl -n $NAMESPACE create job --from=cronjob/$NAME-retry by-hand",
        "helm -n $NAMESPACE rollback $NAME 3",
        "helm -n $NAMESPACE rollback $HELM_RELEASE",
        "recado doctor -n $NAMESPACE --release $NAME",
    ],
)
def test_a_command_that_cannot_work_is_found(line: str) -> None:
    assert mistakes(f"```sh\n{line}\n```\n")
