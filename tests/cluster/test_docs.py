"""The commands in the docs work as pasted, in order, and do not interfere with Helm."""

import json
import os
import re
import shlex
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chart.test_runbooks import DOCS, RUNBOOKS, commands

from .conftest import NAME, RELEASE, ROOT, SECRET, Release, run

#: Commands that need Meta, an operator's machine, or other projects' operators, which do not exist here; test_move.py
#: makes the move to PostgreSQL.
ELSEWHERE = ("graph.facebook.com", "WABA_ID=", "pip install", "postgresql.cnpg.io", "to-postgres")
SECRET_OF_CRM = f"whsec_{b64encode(bytes(24)).decode()}"
EXPORTED = {"WHATSAPP_APP_SECRET": SECRET["appSecret"], "WHATSAPP_ACCESS_TOKEN": SECRET["accessToken"]}
#: kubectl's verbs that only read, or make objects that are not the chart's.
HARMLESS = {"get", "describe", "logs", "exec", "wait", "create", "top", "drain"}
#: Changes that this cluster does not allow, or whose objects are not the chart's, or that need a file or an uninstall.
NOT_HERE = (
    "store.sqlite.size",
    "namespace",
    "trial",
    "apply",
    "delete job",
    "delete pvc",
    "values.yaml",
    "shop-events",
)


def blocks(text: str) -> list[str]:
    """The shell blocks of a page, in order, without those for other places."""
    found = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [block for block in found if not any(word in block for word in ELSEWHERE)]


def in_namespace(script: str, namespace: str) -> str:
    """The script for another namespace than the page's, with the image under test."""
    image = f"--set image.repository={IMAGE[0]} --set image.tag={IMAGE[1]}"
    moved = script.replace("namespaces/pedidos/", f"namespaces/{namespace}/").replace("-n pedidos", f"-n {namespace}")
    moved = moved.replace("--namespace pedidos", f"--namespace {namespace}").replace(
        "namespace pedidos", f"namespace {namespace}"
    )
    own = moved.replace("--set image.repository=recado --set image.tag=dev", image)
    return own.replace("-f values.yaml\n", f"-f values.yaml {image}\n")


def tolerant(script: str) -> str:
    """The doctor warns of things that a bare cluster lacks, and a shop without customers has no order P-1042."""
    doctor = re.sub(r"^(recado doctor .*)$", r"{ \1\n} || [ $? -le 3 ]", script, flags=re.MULTILINE)
    return re.sub(r"^(.* P-1042)$", r"{ \1 || true; } 2>&1 | grep 'no order P-1042'", doctor, flags=re.MULTILINE)


IMAGE = os.environ.get("RECADO_TEST_IMAGE", ":").rpartition(":")[::2]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder like the root of a checkout, in which the test may write files, with the operator's list of
    endpoints."""
    for name in ("charts", "service", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    crm = {
        "name": "crm",
        "url": "https://crm.example.com/hooks/recado",
        "secret": f"whsec_{b64encode(bytes(24)).decode()}",
    }
    (tmp_path / "events.json").write_text(json.dumps([crm]))
    return tmp_path


@pytest.fixture
def elsewhere(release: Release) -> Iterator[str]:
    """A namespace of its own, because the page creates one and a release called shop."""
    name = f"{release.namespace}-docs"
    yield name
    for other in (RELEASE, "trial"):
        release.helm("uninstall", other, "--namespace", name, "--ignore-not-found")
    release.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=true")


def shell(release: Release, script: str, place: Path) -> str:
    """The output of a script; the script stops at the first command that fails."""
    path = f"{release.folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    variables = "".join(f"export {name}={value}\n" for name, value in EXPORTED.items())
    whole = f"cd {shlex.quote(str(place))}\nexport PATH={shlex.quote(path)}\nset -exo pipefail\n{variables}{script}"
    return run("bash", "-c", whole, seconds=1500)


def test_operations_work_as_they_are_pasted(release: Release, place: Path, elsewhere: str) -> None:
    """Install, look, upgrade, roll back, back up, restore, rotate, try, uninstall: in this order; the installation
    three times. In the end nothing of the release is left."""
    script = "\n".join(blocks((DOCS / "operations.md").read_text()))
    script = re.sub(r"^export WHATSAPP_APP_SECRET=\.\.\..*$", "", script, flags=re.MULTILINE)
    script = tolerant(script)
    install = script[: script.index("helm test shop")]
    told = shell(release, in_namespace(install + install + script, elsewhere), place)
    assert "✓ a signed order is quoted, and no reply is sent" in told
    assert "is restored" in told
    assert "Total: $117.48" in told
    assert "P-1001" in told
    assert release.helm("list", "-q", "--namespace", elsewhere).split() == ["trial"]
    left = ("get", "all,pvc,configmap,secret,ingress", "-l", f"app.kubernetes.io/instance={RELEASE}", "-o", "name")
    assert not release.kubectl("--namespace", elsewhere, *left)


def test_notes_work_as_they_are_pasted(release: Release, place: Path) -> None:
    """The notes that Helm prints after an installation with the simulator."""
    notes = release.helm("get", "notes", RELEASE)
    typed = [line.strip() for line in notes.splitlines() if line.startswith("     ")]
    assert len(typed) >= 5
    told = shell(release, tolerant("\n".join(typed)), place)
    assert "✓ a signed order is quoted, and no reply is sent" in told
    assert "Total: $117.48" in told


def changes() -> list[str]:
    """Every command of the docs and runbooks that changes an object of the chart, once."""
    found = dict.fromkeys(
        shlex.join([command.program, *command.words])
        for page in [*RUNBOOKS, DOCS / "operations.md"]
        for command in commands(page.read_text())
        if (command.program == "kubectl" and not HARMLESS & set(command.positional[:1]))
        or (command.program == "helm" and "--set" in command.words)
    )
    return [line for line in found if " -n " in line and not any(word in line for word in NOT_HERE)]


@pytest.mark.parametrize("line", changes())
def test_an_upgrade_and_a_rollback_follow_whatever_was_typed(release: Release, place: Path, line: str) -> None:
    """After any command of the docs, Helm accepts an upgrade and a rollback."""
    if "$NAME-drain" in line:
        release.upgrade(drain={"loop": True})
    names = f"export NAMESPACE={release.namespace} NAME={NAME} HELM_RELEASE={RELEASE} CLAIM={NAME}-queue\n"
    typed = line.replace("'", '"').replace("-n pedidos", '-n "$NAMESPACE"')
    try:
        shell(release, names + typed, place)
        release.upgrade(settings={"RECADO_DRAIN_BATCH": 150})
        release.helm("rollback", RELEASE, "--wait", "--timeout", "180s")
    finally:
        release.values["settings"].pop("RECADO_DRAIN_BATCH", None)
        release.upgrade(drain={"loop": False})
