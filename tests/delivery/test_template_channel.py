"""Templates: compared with the account's copy before they are sent; the meaning of each refusal."""

from collections.abc import Callable

import pytest

from recado.delivery.channels.template import TemplateChannel
from recado.delivery.channels.whatsapp import WhatsAppChannel
from recado.outcome import Outcome
from recado.queue.model import TEMPLATES, Lane, LeasedReply
from recado.settings import AfterWindow
from recado.telemetry import tracing
from recado.whatsapp.content import Content, DirectSend, Outside, Template, Text
from recado.whatsapp.errors import GraphError, NotSentError, ResponseTimeoutError, TemplateError, error_from_status
from recado.whatsapp.inbound import Customer
from recado.whatsapp.outside import Forms, lane_of
from recado.whatsapp.service import Sent
from recado.whatsapp.templates import Approved, Button, Component, TemplateBook
from tests.clock import FakeClock
from tests.meta import NUMBER

QUOTE = Template("cotizacion", "es", {"products": "2", "total": "$117.48"}, "q:7K:show")
DIRECT = DirectSend(Text("your quote"))
GOOD = Approved(
    name="cotizacion",
    language="es",
    status="APPROVED",
    category="UTILITY",
    components=(
        Component(type="BODY", text="{{1}} {{2}}."),
        Component(type="BUTTONS", buttons=(Button(type="QUICK_REPLY"),)),
    ),
)


class Client:
    """A Graph API with these templates; `refuse` returns the error of each send."""

    def __init__(self, *approved: Approved) -> None:
        self.approved = list(approved)
        self.refuse: Callable[[], GraphError] | None = None
        self.unreadable: GraphError | None = None
        self.sent: list[tuple[str, Content]] = []
        self.reachable_now = True

    async def send_message(
        self, to: Customer, content: Content, *, phone_number_id: str, attempt_id: str, quoting: str | None = None
    ) -> Sent:
        self.sent.append((phone_number_id, content))
        if self.refuse:
            raise self.refuse()
        return Sent("wamid.OUT", 0.1)

    async def reachable(self, phone_number_id: str) -> bool:
        assert phone_number_id == NUMBER
        return self.reachable_now

    async def templates(self, account_id: str) -> list[Approved]:
        if self.unreadable:
            raise self.unreadable
        return self.approved


def channel(client: Client) -> TemplateChannel:
    replies = WhatsAppChannel(client, send_seconds=20.0, buttons=False)
    forms = Forms(mode=AfterWindow.TEMPLATE, quote="cotizacion", order="pedido", language="es")
    return TemplateChannel(replies, TemplateBook(lambda: client.templates(""), clock=FakeClock()), forms)


def leased(content: Outside) -> LeasedReply:
    clock = FakeClock()
    return LeasedReply(
        id=1,
        attempt=1,
        wamid=None,
        lane=Lane(TEMPLATES, lane_of(NUMBER, content)),
        phone="+15550100001",
        user_id=None,
        content=content,
        received_at=clock(),
        deadline_at=clock() + 60,
        send_at=clock(),
        lease_until=clock() + 60,
        quoting=False,
        trial=False,
        attempt_id="x.1.1",
        traceparent=None,
    )


@pytest.mark.parametrize("content", [QUOTE, DIRECT])
async def test_what_is_approved_is_sent_from_its_number(content: Outside) -> None:
    """Unchanged, even without buttons: a template has no plain text."""
    client = Client(GOOD)
    result = await channel(client).send(leased(content), tracing.NoSpan())

    assert result.outcome is Outcome.DELIVERED
    assert client.sent == [(NUMBER, content)]


@pytest.mark.parametrize("approved", [[], [Approved(name="cotizacion", language="es", status="PAUSED")]])
async def test_what_the_account_does_not_have_so_is_not_sent(approved: list[Approved]) -> None:
    """The message waits for a person, with the reason."""
    client = Client(*approved)
    result = await channel(client).send(leased(QUOTE), tracing.NoSpan())

    assert (result.outcome, result.error_class) == (Outcome.OPERATOR, "template")
    assert result.detail
    assert client.sent == []


@pytest.mark.parametrize(
    ("content", "error", "outcome"),
    [
        *((QUOTE, error_from_status(code), Outcome.OPERATOR) for code in sorted(TemplateError.codes)),
        (QUOTE, error_from_status(131049), Outcome.PERMANENT),
        (QUOTE, error_from_status(131050), Outcome.PERMANENT),
        (QUOTE, error_from_status(100), Outcome.PERMANENT),
        (DIRECT, error_from_status(100), Outcome.OPERATOR),
        (DIRECT, error_from_status(139200), Outcome.OPERATOR),
        (DIRECT, error_from_status(131026), Outcome.PERMANENT),
        (QUOTE, ResponseTimeoutError(), Outcome.UNKNOWN),
        (DIRECT, NotSentError(), Outcome.RETRYABLE),
    ],
)
async def test_what_each_refusal_means(content: Outside, error: GraphError, outcome: Outcome) -> None:
    """Errors about the template or Direct Send need a person; errors about the customer concern only the message."""
    client = Client(GOOD)
    client.refuse = lambda: error

    assert (await channel(client).send(leased(content), tracing.NoSpan())).outcome is outcome


@pytest.mark.parametrize("error", [NotSentError("down"), ResponseTimeoutError("slow")])
async def test_an_account_that_cannot_be_read_is_an_outage_like_any(error: GraphError) -> None:
    """Nothing was sent."""
    client = Client(GOOD)
    client.unreadable = error
    result = await channel(client).send(leased(QUOTE), tracing.NoSpan())

    assert (result.outcome, result.outage, client.sent) == (Outcome.RETRYABLE, True, [])


async def test_a_probe_finds_out_whether_a_template_may_be_sent_again() -> None:
    """Without sending anything."""
    client = Client()
    templates = channel(client)
    lane = lane_of(NUMBER, QUOTE)
    before = await templates.probe(lane)
    client.approved.append(GOOD)
    after = await templates.probe(lane)
    client.unreadable = NotSentError("down")
    cached = await templates.probe(lane)
    other = await channel(client).probe(lane)

    assert (before, after, cached, other) == (False, True, True, False)
    assert await channel(client).probe(lane_of(NUMBER, DIRECT))
    assert client.sent == []
