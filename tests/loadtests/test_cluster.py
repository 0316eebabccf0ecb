"""What the load test needs in a cluster is what it is given there."""

import ast
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = yaml.safe_load((ROOT / "loadtests/cluster/locust.yaml").read_text())["items"]
VALUES = yaml.safe_load((ROOT / "charts/recado/ci/loadtest-values.yaml").read_text())
#: All that the image of locust brings; plots are left out without matplotlib.
IMAGE = {"locust", "gevent", "matplotlib"}


def container(name: str) -> dict[str, Any]:
    job = next(d for d in DOCUMENTS if d["metadata"]["name"] == name)
    found: dict[str, Any] = job["spec"]["template"]["spec"]["containers"][0]
    return found


def test_the_manifests_are_valid() -> None:
    """By the schemas of the Kubernetes that the chart supports."""
    for document in DOCUMENTS:
        kubernetes_validate.validate(document, "1.34", strict=True)


def test_it_knows_the_release_that_the_values_install() -> None:
    """The same business number and demo secrets."""
    environment = {one["name"]: one["value"] for one in container("recado-loadtest")["env"]}
    assert environment["WHATSAPP_PHONE_NUMBER_ID"] in VALUES["whatsapp"]["phoneNumberIds"]
    assert environment["WHATSAPP_APP_SECRET"] == VALUES["whatsapp"]["secret"]["appSecret"]
    assert environment["RECADO_ADMIN_TOKEN"] == VALUES["whatsapp"]["secret"]["adminToken"]
    assert VALUES["simulator"]["enabled"]


def test_workers_and_master_are_as_many_as_expected() -> None:
    """The master waits for exactly the workers that the other Job starts."""
    workers = next(d for d in DOCUMENTS if d["metadata"]["name"] == "recado-loadtest-worker")
    assert f"--expect-workers={workers['spec']['parallelism']}" in container("recado-loadtest")["args"]


def test_the_locustfile_imports_nothing_that_the_image_lacks() -> None:
    """Neither recado nor anything of a folder below, which a ConfigMap cannot hold."""
    seen, todo = set(), ["locustfile"]
    while todo:
        name = todo.pop()
        seen.add(name)
        for imported in imports(ROOT / f"loadtests/{name}.py"):
            top, _, rest = imported.partition(".")
            assert top in IMAGE | {"loadtests"} or top in sys.stdlib_module_names, f"{name} imports {imported}"
            if top == "loadtests" and rest not in seen:
                todo.append(rest)
    assert seen == {"locustfile", "customers", "shapes", "summary", "target", "verdict", "plots"}


def imports(path: Path) -> list[str]:
    """Modules that a file imports; `from loadtests import x` is the module loadtests.x."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "loadtests":
            found += [f"loadtests.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return found
