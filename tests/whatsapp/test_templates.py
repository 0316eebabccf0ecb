"""The templates of the account: recado finds what is wrong with a message before it sends it."""

import json
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from tests.clock import FakeClock
from tests.meta import ENVIRONMENT, NUMBER, graph_error

from recado.settings import AfterWindow, SettingsError, load
from recado.whatsapp.content import Button, Buttons, DirectSend, List, ListRow, ListSection, Template, Text, rendered
from recado.whatsapp.errors import AuthenticationError, UnreadableResponseError
from recado.whatsapp.from_settings import make_whatsapp
from recado.whatsapp.outside import Forms, lane_of, number_in, template_in
from recado.whatsapp.templates import Approved, TemplateBook, page, problems

ACCOUNT = "102290129340398"
QUOTE = Template("cotizacion", "es", {"products": "2", "total": "$117.48"}, "q:7K:show")
BODY = {"type": "BODY", "text": "{{1}} productos, {{2}}."}
BUTTONS = {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Ver"}]}
COPY: dict[str, Any] = {
    "name": "cotizacion",
    "language": "es",
    "status": "APPROVED",
    "category": "UTILITY",
    "parameter_format": "POSITIONAL",
    "components": [BODY, BUTTONS],
    "id": "1",
}


def named(body: str) -> dict[str, Any]:
    """The fields of a template whose parameters have names."""
    return {"parameter_format": "NAMED", "components": [{"type": "BODY", "text": body}, BUTTONS]}


def copies(*changes: dict[str, Any]) -> list[Approved]:
    """Templates as Graph lists them."""
    return list(page(httpx.Response(200, json={"data": [COPY | change for change in changes]}).content).templates)


def test_a_template_that_fits_has_no_problem() -> None:
    """Although the account has others."""
    assert list(problems(QUOTE, copies({"name": "other"}, {}, {"language": "es_MX"}))) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": "other"}, "the account has none"),
        ({"language": "es_MX"}, "es_MX, not in es"),
        ({"status": "PAUSED"}, "PAUSED, not APPROVED"),
        ({"category": "MARKETING"}, "MARKETING"),
        ({"parameter_format": "NAMED"}, "the parameters 1, 2, recado fills products, total"),
        (named("{{total}}"), "the parameters total, recado fills products, total"),
        (named("{{products}} {{Total}}"), "the parameters Total, products"),
        ({"components": [{"type": "BODY", "text": "{{1}}"}, BUTTONS]}, "1 parameters, recado fills 2"),
        ({"components": [{"type": "HEADER", "format": "IMAGE"}, BODY, BUTTONS]}, "header"),
        ({"components": [{"type": "HEADER", "format": "TEXT", "text": "{{1}}"}, BODY, BUTTONS]}, "header"),
        ({"components": [BODY]}, "no quick reply"),
        (
            {
                "components": [
                    BODY,
                    {
                        "type": "BUTTONS",
                        "buttons": [*BUTTONS["buttons"], {"type": "URL", "url": "https://x/{{1}}"}],
                    },
                ]
            },
            "link",
        ),
    ],
)
def test_each_problem_is_named(change: dict[str, Any], problem: str) -> None:
    """Otherwise Meta would name it, after the customer has waited."""
    (found,) = problems(QUOTE, copies(change))
    assert problem in found


async def test_parameters_with_names_are_sent_by_their_names() -> None:
    """In any order of the parameters in the body."""

    async def fetch() -> list[Approved]:
        return copies(named("Son {{total}} por {{products}} productos."), {"name": "other"})

    book = TemplateBook(fetch, clock=FakeClock())
    other = replace(QUOTE, name="other")
    wrong = await book.problems(QUOTE) + await book.problems(other)

    assert wrong == []
    assert rendered(book.formed(QUOTE))["template"]["components"][0]["parameters"] == [
        {"type": "text", "parameter_name": "products", "text": "2"},
        {"type": "text", "parameter_name": "total", "text": "$117.48"},
    ]
    assert book.formed(other) == other


def test_what_the_account_has_besides_does_not_matter() -> None:
    """Unknown kinds of templates, unknown statuses and damaged entries."""
    odd = [
        7,
        None,
        {"name": None},
        COPY | {"name": "a", "components": None},
        COPY | {"name": "b", "components": [{"type": "CAROUSEL", "cards": [{"components": []}]}]},
        COPY | {"name": "c", "components": [{"type": "BUTTONS", "buttons": [{"type": "FLOW", "flow_id": 1}]}]},
        COPY | {"language": "es_MX", "status": "NEWS_OF_2027"},
        COPY,
    ]
    found = list(page(json.dumps({"data": odd}).encode()).templates)

    assert [one.name for one in found] == ["b", "c", "cotizacion", "cotizacion"]
    assert list(problems(QUOTE, found)) == []
    assert list(problems(replace(QUOTE, language="es_MX"), found)) == ["it is NEWS_OF_2027, not APPROVED"]


async def test_the_book_is_read_again_when_it_is_old_or_something_is_wrong() -> None:
    """So a repaired template is sent at once, and a good one costs no call for each message."""
    clock, reads = FakeClock(), []
    responses = [copies({"status": "PAUSED"}), copies({}), copies({"status": "DISABLED"})]

    async def fetch() -> list[Approved]:
        reads.append(clock())
        return responses[min(len(reads), len(responses)) - 1]

    book = TemplateBook(fetch, clock=clock)
    found = [bool(await book.problems(QUOTE)) for _ in range(4)]
    early = len(reads)
    clock.advance(601)
    found.append(bool(await book.problems(QUOTE)))

    assert found == [True, False, False, False, True]
    assert (early, len(reads)) == (2, 3)


class Pages(httpx.AsyncBaseTransport):
    """Graph for an account with `count` templates, or Graph that always gives `response`."""

    def __init__(self, count: int, response: httpx.Response | None = None) -> None:
        self.count, self.response = count, response
        self.asked: list[httpx.URL] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        if self.response is not None:
            return self.response
        after, limit = int(request.url.params.get("after", 0)), int(request.url.params["limit"])
        data = [COPY | {"name": f"t{n}"} for n in range(after, min(self.count, after + limit))]
        more = {"next": "https://..."} if after + limit < self.count else {}
        return httpx.Response(200, json={"data": data, "paging": {"cursors": {"after": str(after + limit)}, **more}})


async def test_all_pages_of_an_account_are_read() -> None:
    """And no page more."""
    graph = Pages(450)
    service = make_whatsapp(load(ENVIRONMENT), graph)
    found = await service.templates(ACCOUNT)

    assert [one.name for one in found] == [f"t{n}" for n in range(450)]
    assert [url.path for url in graph.asked] == [f"/v26.0/{ACCOUNT}/message_templates"] * 3


@pytest.mark.parametrize(
    ("response", "error"),
    [(graph_error(401, 190), AuthenticationError), (httpx.Response(200, text="<html>"), UnreadableResponseError)],
)
async def test_what_is_no_list_of_templates_is_an_error(response: httpx.Response, error: type[Exception]) -> None:
    service = make_whatsapp(load(ENVIRONMENT), Pages(0, response))
    with pytest.raises(error):
        await service.templates(ACCOUNT)


def test_what_is_sent_outside_the_window() -> None:
    """It depends on the setting. Meta's templates have no lists."""
    template = Forms(mode=AfterWindow.TEMPLATE, quote="cotizacion", order="pedido", language="es")
    direct = Forms(mode=AfterWindow.DIRECT_SEND)
    buttons = Buttons("total", (Button("q:7K:confirm", "Sí"),))
    rows = List("x" * 1025, (ListSection((ListRow("1", "uno"),)),), plain="short")

    assert Forms().of_quote(buttons, "7K", products=2, total="$117.48") is None
    assert template.of_quote(buttons, "7K", products=2, total="$117.48") == QUOTE
    assert template.of_order(Text("..."), "P-1042", "completo") == Template(
        "pedido", "es", {"number": "P-1042", "state": "completo"}
    )
    assert direct.of_quote(buttons, "7K", products=2, total="$117.48") == DirectSend(buttons)
    assert direct.of_quote(rows, "7K", products=2, total="$117.48") == DirectSend(Text("short"))
    assert direct.of_order(Text("x" * 1025), "P-1042", "completo") is None


def test_a_lane_names_its_number_and_its_template() -> None:
    """So Meta's pause of a template holds only its messages."""
    lane = lane_of(NUMBER, QUOTE)
    assert (lane, number_in(lane), template_in(lane)) == (f"{NUMBER}/cotizacion/es", NUMBER, "cotizacion")
    assert template_in(lane_of(NUMBER, DirectSend(Text("hola")))) == "direct_send"


def test_templates_need_the_account_that_has_them() -> None:
    """Without the account's id the templates could not be checked."""
    with pytest.raises(SettingsError, match="WHATSAPP_BUSINESS_ACCOUNT_ID"):
        load({**ENVIRONMENT, "RECADO_AFTER_WINDOW": "template"})
    load({**ENVIRONMENT, "RECADO_AFTER_WINDOW": "template", "WHATSAPP_BUSINESS_ACCOUNT_ID": ACCOUNT})
    load({**ENVIRONMENT, "RECADO_AFTER_WINDOW": "direct_send"})
