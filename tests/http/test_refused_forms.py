"""Buttons and lists that Meta refuses, with any error and in any way: each is sent once more, as text."""

from typing import Any

import httpx
import pytest

from recado.queue.model import State
from recado.telemetry import metrics
from tests.clock import FakeClock
from tests.http.conftest import Pod, StartPod
from tests.http.test_reported import status_of
from tests.meta import graph_error, text_message
from tests.quotes.shops import catalogue
from tests.waiting import until

_NAMES = [product.name for product in catalogue().products[:30]]
#: An order for each form: a short quote, and one that is too long for buttons.
FORMS = {"button": "Quiero 2 zapatos y 1 camisa", "list": "\n".join(f"1 {name}" for name in _NAMES)}
CODES = (100, 131008, 131009, 131051)
SETTINGS = {"RECADO_BUTTONS": "true", "RECADO_CUSTOMER_INTERVAL_SECONDS": "0", "RECADO_UNKNOWN_GRACE_SECONDS": "60"}


async def refused(pod: Pod, clock: FakeClock, form: str, code: int, how: str) -> list[dict[str, Any]]:
    """A customer writes, and Meta refuses every reply with buttons or a list; returns what was sent."""

    def answer() -> httpx.Response:
        if how == "at once" and "interactive" in pod.graph.sent[-1]:
            return graph_error(400, code)
        return httpx.Response(200, json={"messages": [{"id": f"wamid.OUT{len(pod.graph.sent)}"}]})

    pod.graph.answer = answer
    await pod.receive(text_message(1, FORMS[form], sent_at=clock()))
    if how == "by a status":
        for _ in range(2):  # Meta brings it again
            await pod.receive(statuses=(status_of(pod.graph.sent[0], "failed", code=code),))
        await pod.app.web.drain.run()
    await until(lambda: len(pod.graph.sent) == 2)
    return pod.graph.sent


@pytest.mark.parametrize("how", ["at once", "by a status"])
@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("code", CODES)
async def test_a_refused_form_goes_out_once_as_text(
    start_pod: StartPod, clock: FakeClock, code: int, form: str, how: str
) -> None:
    """The text has a full set of attempts; the customer's yes confirms the quote."""
    async with start_pod(**SETTINGS) as pod:
        buttons, text = await refused(pod, clock, form, code, how)
        await pod.app.web.drain.run()
        (entry,) = await pod.queue.list_messages([State.DELIVERED])
        shown = await pod.queue.show(entry.id)
        fallbacks = pod.queue.snapshot().totals[metrics.TEXT_FALLBACKS.name, ()]
        clock.advance(1)
        await pod.receive(text_message(2, "sí", sent_at=clock(), customer=1))
        *_, answer = pod.graph.sent

    assert buttons["interactive"]["type"] == form
    assert text["to"] == buttons["to"]
    assert buttons["interactive"]["body"]["text"].splitlines()[0] in text["text"]["body"]
    assert (len(pod.graph.sent), fallbacks) == (3, 1)
    assert "¡Pedido" in answer["text"]["body"]
    assert shown
    assert (shown["attempts"], shown["spent"], shown["reason"]) == (2, 0, None)
