"""Checks of the images and of skaffold.yaml that need no build."""

import re
from typing import Any

import generate
import pytest
import yaml

DOCKERFILES = {name: (generate.ROOT / name / "Dockerfile").read_text() for name in ("service", "loadtests")}
SKAFFOLD = yaml.safe_load((generate.ROOT / "skaffold.yaml").read_text())


@pytest.mark.parametrize(("name", "program"), [("service", "recado"), ("loadtests", "locust")])
def test_an_image_is_as_confined_as_the_chart_expects(name: str, program: str) -> None:
    """A numeric user, or `runAsNonRoot` could not be checked; an entry point without a shell; all that is installed
    from files has hashes."""
    dockerfile = DOCKERFILES[name]
    assert "USER 10001:10001" in dockerfile
    assert f'ENTRYPOINT ["{program}"' in dockerfile
    assert dockerfile.count("--require-hashes") == dockerfile.count(" -r ")


def test_the_service_starts_where_nobody_can_write() -> None:
    """recado reads `.env` from the working directory, and that file could change where the access token is sent."""
    working, copied = (
        re.findall(f"^{word} .*?(\\S+)$", DOCKERFILES["service"], re.MULTILINE) for word in ("WORKDIR", "COPY")
    )
    assert working[-1] == copied[-1] == "/opt/recado"
    assert DOCKERFILES["service"].index("WORKDIR /opt/recado") < DOCKERFILES["service"].index("USER 10001")


@pytest.mark.parametrize("dockerfile", DOCKERFILES.values(), ids=DOCKERFILES)
def test_an_image_names_no_host(dockerfile: str) -> None:
    """Packages come from the index that the builder is configured for; the base image's address is a build argument."""
    lines = [line for line in dockerfile.splitlines() if "://" in line or "index-url" in line]
    assert lines == []
    assert re.findall(r"^ARG PYTHON_IMAGE=(.*)$", dockerfile, re.MULTILINE) == ["docker.io/library/python:3.11-slim"]
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {"${PYTHON_IMAGE}"}


def releases(config: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = config["deploy"]["helm"]["releases"]
    return found


def test_skaffold_builds_this_image_and_installs_this_chart() -> None:
    """The paths of every profile exist, and skaffold installs the image that it builds."""
    for config in [SKAFFOLD, *SKAFFOLD["profiles"]]:
        (release,) = releases(config)
        assert (generate.ROOT / release["chartPath"] / "Chart.yaml").is_file()
        assert all((generate.ROOT / path).is_file() for path in release["valuesFiles"])
        assert release["setValueTemplates"]["image.repository"] == "{{.IMAGE_REPO_recado}}"
        for artifact in config.get("build", {}).get("artifacts", []):
            assert artifact["image"] in ("recado", "recado-loadtest")
            assert (generate.ROOT / artifact["context"] / artifact["docker"]["dockerfile"]).is_file()


def test_skaffold_sets_values_that_exist() -> None:
    """Every value that a profile sets is a value of the chart; helm refuses others."""
    known = {name for name, _, _ in generate.rows()}
    for config in [SKAFFOLD, *SKAFFOLD["profiles"]]:
        for name in {**releases(config)[0].get("setValues", {}), **releases(config)[0]["setValueTemplates"]}:
            assert name in known or name.startswith("settings.")


def test_the_developers_loop_runs_with_the_simulator() -> None:
    """`skaffold dev` builds the product's own image and forwards the simulator; customers' values are for `prod`."""
    (dev,) = (profile for profile in SKAFFOLD["profiles"] if profile["name"] == "dev")
    assert "build" not in dev
    assert {forward["resourceName"] for forward in dev["portForward"]} == {"recado", "recado-simulator"}
    (prod,) = (profile for profile in SKAFFOLD["profiles"] if profile["name"] == "prod")
    assert releases(prod)[0]["valuesFiles"] == ["charts/recado/ci/production-values.yaml"]
