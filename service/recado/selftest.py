"""What `helm test` runs: is this installation answering Meta as it should?

It goes the way of Meta's webhooks, with the right secrets and with wrong ones, and nothing is sent to a customer: the
order that it signs names no sender, so it is read and quoted, and there is nobody to reply to.
"""

import itertools
import json
import time
from collections.abc import Callable, Iterator

import httpx
import msgspec

from recado.http.webhook import PATH
from recado.settings import Settings
from recado.telemetry.metrics import MESSAGES, SIGNATURE_FAILURES, WEBHOOK_DURATION
from recado.whatsapp.signature import signature

#: An id that nothing has.
NOTHING = "0"
TIMEOUT_SECONDS = 10.0
#: Behind a Service with several pods the scrape and the webhook may meet different ones; so often it is tried.
METRIC_TRIES = 20
METRIC_PAUSE_SECONDS = 0.25


class Step(msgspec.Struct, frozen=True):
    """One thing that was tried; `problem` is empty when it went as it should."""

    name: str
    problem: str


def run(settings: Settings, url: str, metrics_url: str | None, product: str) -> Iterator[Step]:
    """Tries one thing after the other; every step is tried, whatever became of those before."""
    tries = itertools.count(1)
    with httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False) as web:
        steps: dict[str, Callable[[], str]] = {}
        if metrics_url is not None:  # before the steps that sign rightly and wrongly themselves
            steps["webhooks had the right signature"] = lambda: _signatures(web.get(metrics_url).text)
        steps |= {
            "the queue can be written": lambda: _expect(web.get("/readyz"), 200),
            "the handshake answers": lambda: _handshake(web, settings.whatsapp_verify_token),
            "a handshake with a wrong token is refused": lambda: _refused_handshake(web),
            "a wrongly signed webhook is refused": lambda: _wrongly_signed(web, settings, product),
            "a signed order is quoted, and sent to nobody": lambda: _signed(web, settings, product, next(tries)),
        }
        if metrics_url is not None:
            steps["the metric moves"] = lambda: _metric_moves(web, settings, product, metrics_url, tries)
        for name, step in steps.items():
            try:
                problem = step()
            except httpx.HTTPError as error:
                problem = f"no answer: {type(error).__name__} {error}"
            yield Step(name, problem)


def order(settings: Settings, product: str, number: int) -> bytes:
    """A webhook as Meta sends it, for two of a product, from nobody: it says nothing of its sender."""
    message = {
        "id": f"wamid.selftest.{time.time_ns()}.{number}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": f"Quiero 2 {product}"},
    }
    metadata = {"display_phone_number": NOTHING, "phone_number_id": settings.whatsapp_phone_number_id[0]}
    value = {"messaging_product": "whatsapp", "metadata": metadata, "messages": [message]}
    entry = {"id": NOTHING, "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def _post(web: httpx.Client, secret: str, body: bytes) -> httpx.Response:
    headers = {"content-type": "application/json", "x-hub-signature-256": signature(secret.encode(), body).decode()}
    return web.post(PATH, content=body, headers=headers)


def _expect(answer: httpx.Response, *statuses: int) -> str:
    return "" if answer.status_code in statuses else f"answered {answer.status_code}: {answer.text[:200]}"


def _handshake(web: httpx.Client, token: str) -> str:
    answer = web.get(PATH, params={"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444"})
    return _expect(answer, 200) or ("" if answer.text == "1158201444" else "the challenge did not come back")


def _refused_handshake(web: httpx.Client) -> str:
    parameters = {"hub.mode": "subscribe", "hub.verify_token": "not the token", "hub.challenge": "1"}
    return _expect(web.get(PATH, params=parameters), 403)


def _wrongly_signed(web: httpx.Client, settings: Settings, product: str) -> str:
    # 429 is a refusal too: it comes when many tests run within a minute.
    return _expect(_post(web, "not the app secret", order(settings, product, 0)), 401, 429)


def _signed(web: httpx.Client, settings: Settings, product: str, number: int) -> str:
    answer = _post(web, settings.whatsapp_app_secret, order(settings, product, number))
    if problem := _expect(answer, 200):
        return problem
    result = answer.json()["result"]
    if result["sent"]:
        return "an answer was sent to somebody"
    if not (result["quote"] and result["quote"]["items"]):
        return f"no quote for {product!r}: {answer.text[:200]}"
    return ""


def _signatures(exposition: str) -> str:
    """A wrong app secret signs this test's own orders rightly; what was refused before it tells."""
    refused = _value(exposition, SIGNATURE_FAILURES.name, 'reason="mismatch"')
    accepted = _value(exposition, f"{WEBHOOK_DURATION.name}_count", 'outcome="accepted"')
    if refused <= accepted:
        return ""
    return f"{refused:g} were refused and {accepted:g} accepted: is WHATSAPP_APP_SECRET that of Meta's dashboard?"


def _metric_moves(web: httpx.Client, settings: Settings, product: str, url: str, tries: Iterator[int]) -> str:
    before = _value(web.get(url).text, MESSAGES.name)
    for _ in range(METRIC_TRIES):
        if problem := _signed(web, settings, product, next(tries)):
            return problem
        if _value(web.get(url).text, MESSAGES.name) > before:
            return ""
        time.sleep(METRIC_PAUSE_SECONDS)
    return f"{MESSAGES.name} stays at {before:g}"


def _value(exposition: str, name: str, where: str = "") -> float:
    """The sum of a counter over its labels, or over those series that have a label."""
    lines = (line for line in exposition.splitlines() if line.startswith((f"{name}{{", f"{name} ")) and where in line)
    return sum(float(line.partition(" # ")[0].rsplit(" ", 1)[1]) for line in lines)
