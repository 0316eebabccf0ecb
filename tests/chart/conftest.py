"""The chart as helm renders it, for every scenario of ci/."""

import pickle
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import generate
import pytest
import yaml

Manifest = dict[str, Any]


def manifests(text: str) -> list[Manifest]:
    """The documents of a rendered chart, which the caller may change."""
    documents: list[Manifest] = pickle.loads(_pickled(text))
    return documents


@cache
def _pickled(text: str) -> bytes:
    """libyaml reads thirteen times faster than Python, and a pickle is read thirty times faster than YAML."""
    return pickle.dumps([document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document])


def pod_templates(documents: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Yields (kind/name, pod template) for every object that makes pods; a Pod is its own template."""
    for document in documents:
        name = f"{document['kind']}/{document['metadata']['name']}"
        match document["kind"]:
            case "Pod":
                yield name, document
            case "Deployment" | "Job":
                yield name, document["spec"]["template"]
            case "CronJob":
                yield name, document["spec"]["jobTemplate"]["spec"]["template"]


def find(documents: list[Manifest], kind: str, name: str) -> Manifest:
    (found,) = (d for d in documents if d["kind"] == kind and d["metadata"]["name"] == name)
    return found


@pytest.fixture(params=generate.SCENARIOS)
def scenario(request: pytest.FixtureRequest) -> list[Manifest]:
    """The manifests of each scenario, one after the other."""
    return manifests(generate.scenario(request.param))


@pytest.fixture
def render() -> Callable[..., list[Manifest]]:
    """Renders the minimal scenario with more `--set` arguments."""

    def run(*settings: str) -> list[Manifest]:
        values = str(generate.CHART / "ci" / "minimal-values.yaml")
        return manifests(generate.template("-f", values, *(f"--set-json={s}" for s in settings)))

    return run
