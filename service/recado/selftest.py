"""The checks of `helm test`: does this installation respond to Meta correctly?

It posts webhooks with correct and wrong signatures. recado sends nothing to a customer: the signed order names no
customer, so recado quotes it and has no one to reply to.
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

#: An id that does not exist.
NOTHING = "0"
TIMEOUT_SECONDS = 10.0
#: Behind a Service with several pods, scrape and webhook reach different pods: the check is repeated on new
#: connections, until a pod that was scraped before has a higher count.
METRIC_TRIES = 40
METRIC_PAUSE_SECONDS = 0.1
#: The start time identifies a pod.
POD = "process_start_time_seconds"


class Check(msgspec.Struct, frozen=True):
    """One check; `problem` is empty if it passed."""

    name: str
    problem: str


def run(settings: Settings, url: str, metrics_url: str | None, product: str) -> Iterator[Check]:
    """Runs all checks in order, also after a failed one."""
    tries = itertools.count(1)
    afresh = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False, limits=afresh) as web:
        steps: dict[str, Callable[[], str]] = {}
        if metrics_url is not None:  # before the checks that change these counters
            steps["webhooks have the right signature"] = lambda: _signatures(web.get(metrics_url).text)
        steps |= {
            "the queue can be written": lambda: _expect(web.get("/readyz"), 200),
            "the handshake succeeds": lambda: _handshake(web, settings.whatsapp_verify_token),
            "a handshake with a wrong token is refused": lambda: _refused_handshake(web),
            "a webhook with a wrong signature is refused": lambda: _wrongly_signed(web, settings, product),
            "a signed order is quoted, and no reply is sent": lambda: _signed(web, settings, product, next(tries)),
        }
        if metrics_url is not None:
            steps["the metric counts it"] = lambda: _metric_counts(web, settings, product, metrics_url, tries)
        for name, step in steps.items():
            try:
                problem = step()
            except httpx.HTTPError as error:
                problem = f"no response: {type(error).__name__} {error}"
            yield Check(name, problem)


def order(settings: Settings, product: str, number: int) -> bytes:
    """A webhook as Meta sends it, ordering two of a product, without a customer."""
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


def _expect(response: httpx.Response, *statuses: int) -> str:
    return "" if response.status_code in statuses else f"response {response.status_code}: {response.text[:200]}"


def _handshake(web: httpx.Client, token: str) -> str:
    response = web.get(PATH, params={"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444"})
    return _expect(response, 200) or ("" if response.text == "1158201444" else "the response is not the challenge")


def _refused_handshake(web: httpx.Client) -> str:
    parameters = {"hub.mode": "subscribe", "hub.verify_token": "not the token", "hub.challenge": "1"}
    return _expect(web.get(PATH, params=parameters), 403)


def _wrongly_signed(web: httpx.Client, settings: Settings, product: str) -> str:
    # 429 is a refusal, too: the limit of wrong signatures, if tests run often.
    return _expect(_post(web, "not the app secret", order(settings, product, 0)), 401, 429)


def _signed(web: httpx.Client, settings: Settings, product: str, number: int) -> str:
    response = _post(web, settings.whatsapp_app_secret, order(settings, product, number))
    if problem := _expect(response, 200):
        return problem
    result = response.json()["result"]
    if result["sent"]:
        return "a reply was sent"
    if not (result["quote"] and result["quote"]["items"]):
        return f"no quote for {product!r}: {response.text[:200]}"
    return ""


def _signatures(exposition: str) -> str:
    """With a wrong app secret Meta's webhooks fail; this test's own pass, because it signs with the same secret."""
    refused = _value(exposition, SIGNATURE_FAILURES.name, 'reason="mismatch"')
    accepted = _value(exposition, f"{WEBHOOK_DURATION.name}_count", 'outcome="accepted"')
    if refused <= accepted:
        return ""
    return f"{refused:g} were refused and {accepted:g} accepted: compare WHATSAPP_APP_SECRET with Meta's dashboard"


def _metric_counts(web: httpx.Client, settings: Settings, product: str, url: str, tries: Iterator[int]) -> str:
    before: dict[float, float] = {}
    for _ in range(METRIC_TRIES):
        exposition = web.get(url).text
        counted = _value(exposition, MESSAGES.name)
        if counted > before.setdefault(_value(exposition, POD), counted):
            return ""
        if problem := _signed(web, settings, product, next(tries)):
            return problem
        time.sleep(METRIC_PAUSE_SECONDS)
    return f"{MESSAGES.name} stays at {max(before.values()):g}"


def _value(exposition: str, name: str, where: str = "") -> float:
    """The sum of a counter over its labels, or over those series that have a label."""
    lines = (line for line in exposition.splitlines() if line.startswith((f"{name}{{", f"{name} ")) and where in line)
    return sum(float(line.partition(" # ")[0].rsplit(" ", 1)[1]) for line in lines)
