"""Abuse of a real `recado serve`: valid and invalid requests to the documented API, and crowds of bad connections."""

from typing import Any

import httpx
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from loadtests.chaos import crowds

from recado.http.app import App
from recado.http.openapi import REFUSALS
from recado.runtime import make_web
from recado.settings import load
from recado.telemetry.web_metrics import WebMetrics
from tests.meta import ADMIN_TOKEN, ENVIRONMENT, signed

# -- every request that the description allows, and those it does not


#: A store that connects only when it is needed.
NOWHERE = "postgresql://nowhere/recado"
#: The application's description; it needs no queue.
schema = schemathesis.openapi.from_dict(
    App(make_web(load({**ENVIRONMENT, "DATABASE_URL": NOWHERE}), metrics=WebMetrics())).api.openapi()
)
thorough = settings(max_examples=20, derandomize=True, suppress_health_check=list(HealthCheck))


@schema.parametrize()
@thorough
def test_clear_answers_for_strangers_and_for_those_who_may(case: Any, served: crowds.WebProcess) -> None:
    """Any request gets a documented response, never a 500: without signature and token, and with valid ones, with
    which recado may refuse the request, too. To make the requests costs more than to send them twice."""
    for signs in (False, True):
        _check(_call(served, case, signs=signs))


def _call(served: crowds.WebProcess, case: Any, *, signs: bool) -> httpx.Response:
    asked = case.as_transport_kwargs(base_url=served.url(""))
    body = msgspec.json.encode(asked["json"]) if "json" in asked else asked.get("data") or b""
    content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b""
    headers = {name: value for name, value in (asked.get("headers") or {}).items() if _sendable(name, value)}
    if signs:
        headers |= {"Authorization": f"Bearer {ADMIN_TOKEN}", **signed(content)}
    params = {name: value for name, value in (asked.get("params") or {}).items() if value is not None}
    return served.client.request(asked["method"], asked["url"], params=params, content=content, headers=headers)


def _sendable(*texts: Any) -> bool:
    return all(isinstance(text, str) and text.isascii() and text.isprintable() for text in texts)


def _check(response: httpx.Response) -> None:
    assert response.status_code in {200, *REFUSALS} - {500}, response.text
    if response.status_code >= 400 and response.headers.get("content-type") == "application/json":
        answer = response.json()
        assert answer["status"] == "error"
        assert set(answer["error"]) == {"code", "message"}


# -- crowds


@pytest.mark.parametrize("crowd", crowds.CROWDS, ids=lambda crowd: crowd.__name__)
def test_a_crowd_costs_little_and_keeps_nobody_out(crowd: crowds.Crowd, served: crowds.WebProcess) -> None:
    """Memory stays bounded, and Meta's webhooks get 200 all the time."""
    report = crowds.press(served, crowd, connections=300)

    assert report.answered == report.webhooks
    assert report.grown_mib < 80
