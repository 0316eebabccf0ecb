"""The doctor's findings about the templates for sends outside Meta's window."""

import json
from collections.abc import Callable

import pytest

from recado.cluster.doctor import Finding, Level
from recado.simulator.templates import Templates
from tests.doctor.conftest import World
from tests.doctor.fake_cluster import FakeCluster
from tests.doctor.faults import settings

Look = Callable[..., list[Finding]]


@pytest.fixture
def configured(cluster: FakeCluster) -> FakeCluster:
    settings(cluster).update(RECADO_AFTER_WINDOW="template", WHATSAPP_BUSINESS_ACCOUNT_ID="102290129340398")
    return cluster


def of_templates(look: Look) -> list[tuple[Level, str]]:
    return [(finding.level, finding.text) for finding in look() if finding.area == "templates"]


def test_templates_that_are_approved(configured: FakeCluster, world: World, look: Look) -> None:
    """One finding for each."""
    world.templates = (200, json.dumps(Templates().page(0, 100)))
    assert of_templates(look) == [
        (Level.OK, "recado_cotizacion_lista is approved and fits"),
        (Level.OK, "recado_pedido_estado is approved and fits"),
    ]


def test_a_template_that_cannot_be_sent(configured: FakeCluster, world: World, look: Look) -> None:
    """It is paused, or the account has none of that name."""
    settings(configured)["RECADO_TEMPLATE_ORDER"] = "pedido"
    page = Templates().page(0, 100)
    world.templates = (200, json.dumps({"data": [one | {"status": "PAUSED"} for one in page["data"]]}))
    assert of_templates(look) == [
        (Level.FAULT, "recado_cotizacion_lista cannot be sent: it is PAUSED, not APPROVED"),
        (Level.FAULT, "pedido cannot be sent: the account has none"),
    ]


def test_an_account_with_more_templates_than_a_page_has(configured: FakeCluster, world: World, look: Look) -> None:
    """The used ones may be on any page."""
    pages = {"": Templates().page(0, 1), "1": Templates().page(1, 100)}
    asked: list[str] = []

    def fetch(url: str, parameters: dict[str, str], headers: dict[str, str]) -> tuple[int, str]:
        if not url.endswith("/message_templates"):
            return World().fetch(url, parameters, headers)
        asked.append(parameters.get("after", ""))
        return 200, json.dumps(pages[asked[-1]])

    world.fetch = fetch  # type: ignore[method-assign]  # an account of two pages

    assert [level for level, _ in of_templates(look)] == [Level.OK, Level.OK]
    assert asked == ["", "1"]


def test_an_account_that_does_not_show_its_templates(configured: FakeCluster, world: World, look: Look) -> None:
    """The id is wrong, or the token lacks whatsapp_business_management."""
    world.templates = (400, '{"error": {"code": 100}}')
    ((level, text),) = of_templates(look)

    assert (level, "responds 400" in text) == (Level.FAULT, True)


def test_nothing_is_said_where_no_template_is_sent(look: Look) -> None:
    assert of_templates(look) == []
