"""The chart's documents match the chart, and the chart matches the service."""

import json
import re
from typing import Any

import generate
import pytest
import yaml

from recado import __version__
from recado.events.facts import TYPES

SCHEMA = json.loads((generate.CHART / "values.schema.json").read_text())


def test_the_readme_is_generated_from_the_values() -> None:
    """If it fails: python charts/generate.py"""
    assert (generate.CHART / "README.md").read_text() == generate.readme()


def test_the_schema_knows_the_settings_and_what_must_be_there() -> None:
    """Mend: python charts/generate.py"""
    assert generate.SCHEMA.read_text() == generate.schema()


def objects(schema: Any, path: str = "") -> list[tuple[str, Any]]:
    """Returns every object of a schema that lists its properties, with its path."""
    if not isinstance(schema, dict):
        return []
    here = [(path, schema)] if "properties" in schema and path != ".settings" else []
    children = [(f"{path}.{key}", child) for key, child in schema.get("properties", {}).items()]
    return here + [found for name, child in children for found in objects(child, name)]


@pytest.mark.parametrize(("path", "schema"), objects(SCHEMA), ids=lambda value: value if isinstance(value, str) else "")
def test_the_schema_is_strict_and_complete(path: str, schema: Any) -> None:
    """Each group of values.yaml has exactly the schema's names, and a name outside them is refused."""
    values = yaml.safe_load((generate.CHART / "values.yaml").read_text())
    for part in path.split(".")[1:]:
        values = values[part]
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(values)


def test_the_chart_installs_the_version_it_belongs_to() -> None:
    """The default tag is the version of the service in this tree."""
    chart = yaml.safe_load((generate.CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == __version__


@pytest.mark.parametrize("name", generate.SCENARIOS)
def test_notes_say_what_to_do_next(name: str) -> None:
    """The notes name the callback URL, the subscribe call and the reason why a monitor may not be selected."""
    values = str(generate.CHART / "ci" / f"{name}-values.yaml")
    arguments = ("install", "shop", str(generate.CHART), "-f", values, "--dry-run=client", "--namespace", "pedidos")
    done = generate.helm(*arguments)
    assert done.returncode == 0, done.stderr
    notes = done.stdout.split("NOTES:")[1]
    simulated = name in ("loadtest", "simulator")
    assert ("/subscribed_apps" in notes, "-simulator -- python3" in notes) == (not simulated, simulated)
    assert "helm test shop" in notes
    assert ("https://pedidos.example.com/api/v1/webhook" in notes) == (name not in ("minimal", "loadtest", "simulator"))
    assert ("kube-prometheus-stack selects only those" in notes) == (name in ("production", "monitoring"))
    assert ("THE SIMULATOR IS ON" in notes) == (name in ("loadtest", "simulator"))
    assert ("The queue is in PostgreSQL" in notes) == (name == "postgres")


def test_operations_name_values_that_exist() -> None:
    """Every value that docs/operations.md tells an operator to set is a value of the chart."""
    known = {name for name, _, _ in generate.rows()}
    groups = {name.rpartition(".")[0] for name in known} | {name.partition(".")[0] for name in known}
    text = (generate.ROOT / "docs" / "operations.md").read_text()
    named = set(re.findall(r"`((?:[a-z]\w*)(?:\.[a-z]\w*)+)(?:=[^`]*)?`", text))
    paths = {name for name in named if name.partition(".")[0] in groups and not name.endswith(".md")}
    assert paths
    assert paths <= known | groups | TYPES.keys()
