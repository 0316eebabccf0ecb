"""The load test in a cluster has everything that it needs, from its image and the chart."""

import ast
import re
import sys
from pathlib import Path
from typing import Any

import generate
import pytest
from loadtests.shapes import SHAPES

from tests.chart.conftest import find, manifests

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "loadtests/Dockerfile").read_text()
LOCKED = {"locust", "gevent", "matplotlib"}


def job(*settings: str, name: str = "shop-recado-loadtest-1") -> dict[str, Any]:
    """The specification of a Job's pods."""
    values = str(generate.CHART / "ci" / "loadtest-values.yaml")
    rendered = generate.template("-f", values, *(f"--set-json={setting}" for setting in settings))
    found = find(manifests(rendered), "Job", name)
    spec: dict[str, Any] = found["spec"]
    return spec


def environment(spec: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one.get("value") for one in spec["template"]["spec"]["containers"][0]["env"]}


def test_the_master_waits_for_as_many_workers_as_there_are() -> None:
    """It would wait forever for more, and surplus workers would join late."""
    workers = job("loadtest.workers=5", name="shop-recado-loadtest-worker-1")
    assert (workers["parallelism"], workers["completions"]) == (5, 5)
    assert "--expect-workers=5" in job("loadtest.workers=5")["template"]["spec"]["containers"][0]["args"]


def test_master_and_workers_read_the_same_options() -> None:
    """A worker with another rate or shape would take part in another run."""
    settings = ("loadtest.rate=1000", 'loadtest.shape="spike"', "loadtest.seconds=60")
    master, worker = job(*settings), job(*settings, name="shop-recado-loadtest-worker-1")
    assert environment(master) == environment(worker)
    assert environment(master)["LOADTEST_RATE"] == "1000"
    assert environment(master)["LOCUST_HOST"] == "http://shop-recado:80"
    assert environment(master)["LOADTEST_SIMULATOR"] == "http://shop-recado-simulator:8090"


def test_the_jobs_outlive_the_load() -> None:
    """They wait for late replies after the load, and end if something hangs."""
    assert job("loadtest.seconds=3600")["activeDeadlineSeconds"] == 3600 + 900


def test_results_can_be_kept() -> None:
    """On the operator's own claim; otherwise only in the log."""
    (_, kept) = job('loadtest.resultsClaim="plots"')["template"]["spec"]["volumes"]
    assert kept == {"name": "results", "persistentVolumeClaim": {"claimName": "plots"}}
    (_, scratch) = job()["template"]["spec"]["volumes"]
    assert scratch == {"name": "results", "emptyDir": {}}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_chart_knows_every_shape(shape: str) -> None:
    """Its schema refuses others."""
    assert environment(job(f'loadtest.shape="{shape}"'))["LOADTEST_SHAPE"] == shape


def test_the_image_has_all_that_the_locustfile_imports() -> None:
    """Files by the Dockerfile's COPY, libraries by the lock file, and nothing of recado."""
    (line,) = re.findall(r"^COPY (.*\.py.*) loadtests/$", DOCKERFILE, re.MULTILINE)
    copied = set(line.split())
    assert all((ROOT / "loadtests" / name).is_file() for name in copied)
    seen, todo = set(), ["locustfile"]
    while todo:
        name = todo.pop()
        seen.add(name)
        for imported in imports(ROOT / f"loadtests/{name}.py"):
            top, _, rest = imported.partition(".")
            assert top in LOCKED | {"loadtests"} or top in sys.stdlib_module_names, f"{name} imports {imported}"
            if top == "loadtests" and rest not in seen:
                todo.append(rest)
    assert copied == {f"{name}.py" for name in seen} | {"orders.txt"}
    assert {f"{name}==" for name in LOCKED} <= set(re.findall(r"^\S+?==", lock(), re.MULTILINE))


def test_both_locks_agree() -> None:
    """The tested versions are those that run in the cluster."""
    tested = (ROOT / "requirements-dev.lock").read_text()
    versions = re.findall(r"^(?:locust|gevent|matplotlib)==\S+", lock(), re.MULTILINE)
    assert len(versions) == len(LOCKED)
    assert all(f"{version} " in tested for version in versions)


def lock() -> str:
    return (ROOT / "loadtests/requirements.lock").read_text()


def imports(path: Path) -> list[str]:
    """The modules that a file imports; `from loadtests import x` is the module loadtests.x."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "loadtests":
            found += [f"loadtests.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return found
