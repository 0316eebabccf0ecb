"""One example of each type of event, for docs/events.md and `recado events test`."""

from decimal import Decimal

from recado.events import facts
from recado.events.event import NOBODY, Event, EventCustomer, data_of
from recado.orders import Line, OpenQuote, Order, QuoteSource

_AT = 1795705445.12  # 2026-11-26
_LINES = (
    Line(sku="CAL-001", name="Zapatos", quantity=2, unit_price=Decimal("45.99")),
    Line(sku="CAM-001", name="Camisa", quantity=1, unit_price=Decimal("25.50")),
)
_TOKEN = "7K3M9QX2TB"  # noqa: S105 - the name of a quote
_QUOTE = OpenQuote(
    token=_TOKEN,
    lines=_LINES,
    currency="USD",
    source=QuoteSource.TEXT,
    opened_at=_AT,
    changed_at=_AT,
    expires_at=_AT + 86400,
)
_ORDER = Order(
    number=1042,
    quote=_TOKEN,
    lines=_LINES,
    currency="USD",
    source=QuoteSource.TEXT,
    placed_at=_AT,
    changed_at=_AT,
    left_out=("jeans",),
)
_FACTS: tuple[facts.Fact, ...] = (
    facts.OrderCreated(order=facts.order_data(_ORDER, "P-1042")),
    facts.OrderUpdated(number="P-1042", state="accepted", reason="staff"),
    facts.OrderCancelled(number="P-1042", state="cancelled", reason="staff"),
    facts.OrderCancelRequested(number="P-1042", state="accepted", reason="customer"),
    facts.QuoteCreated(quote=facts.quote_data(_QUOTE)),
    facts.QuoteReplaced(quote=facts.quote_data(_QUOTE), replaces="4HD81MZ0QC"),
    facts.QuoteDelivered(token=_TOKEN),
    facts.QuoteRead(token=_TOKEN),
    facts.QuoteRejected(token=_TOKEN, age_seconds=40),
    facts.QuoteExpired(token=_TOKEN, age_seconds=86400),
    facts.QuoteWithdrawn(token=_TOKEN, age_seconds=86100),
    facts.HandoffRequested(reason="asked", until=facts.instant(_AT + 14400)),
    facts.HandoffStarted(reason="echo", until=facts.instant(_AT + 14400)),
    facts.HandoffEnded(reason="customer"),
    facts.ReplyFailed(message=1795689845000001, reason="rejected", error_class="undeliverable", error_code=131026),
    facts.MessageReceived(kind="text", text="Quiero 2 zapatos y 1 camisa"),
    facts.CustomerOptedOut(reason="message"),
    facts.CustomerOptedIn(reason="preferences"),
    facts.CustomerErased(),
    facts.TemplatePaused(name="recado_cotizacion_lista", language="es", event="paused"),
    facts.TemplateApproved(name="recado_cotizacion_lista", language="es", event="reinstated"),
)


def _example(place: int, fact: facts.Fact) -> Event:
    return Event(
        id=1795689845120000 + place,
        kind=str(fact.__struct_config__.tag),
        at=_AT,
        sequence=place,
        conversation="cv_8f3kq2a91b0c" if fact.of_customer else "",
        customer=EventCustomer(ref="cu_5b1c9e77d2f0", phone="+15550100001") if fact.of_customer else NOBODY,
        data=data_of(fact),
    )


#: An event of each type.
EXAMPLES: dict[str, Event] = {
    event.kind: event for event in (_example(place, fact) for place, fact in enumerate(_FACTS, 1))
}
