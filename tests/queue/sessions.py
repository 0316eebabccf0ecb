"""Messages that open and decide quotes, and the session that a store has for a customer."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace

from recado.orders import (
    Changes,
    Closing,
    Handoff,
    Line,
    OpenQuote,
    Order,
    Question,
    QuoteSource,
    QuoteState,
    Session,
    Talk,
)
from recado.queue.model import LeasedReply, NewReply
from recado.queue.protocol import RetryQueue
from recado.telemetry import metrics
from tests.clock import FakeClock
from tests.queue.replies import (
    DELIVERED,
    NUMBER,
    add_leased,
    new_reply,
)

LINES = (
    Line(sku="CAL-001", name="Zapatos", quantity=2, unit_price=Decimal("45.99")),
    Line(sku="QUE-001", name="Queso", quantity=Decimal("1.5"), unit_price=Decimal("7.85"), unit="kg", doubtful=True),
)
TALK = Talk(
    questions=(Question(text="jeans", candidates=("PAN-001", "PAN-002"), quantity=Decimal("2.5")),),
    topic=("CAL-001",),
    asked=(("CAL-001", 2),),
    handoff=Handoff(until=5.5, changed_at=5.0),
)
PHONE, USER, NEW_USER = (f"{NUMBER}:{name}" for name in ("+1", "US.1", "US.2"))


def quote_named(token: str, clock: FakeClock, lines: Sequence[Line] = LINES) -> OpenQuote:
    return OpenQuote(
        token=token,
        lines=tuple(lines),
        currency="USD",
        source=QuoteSource.TEXT,
        opened_at=clock(),
        changed_at=clock() - 1,
        expires_at=clock() + 86400,
    )


def opening(n: int, clock: FakeClock, token: str, *, version: int = 0, customer: int = 1) -> NewReply:
    """Message number n, which opens a quote."""
    changes = Changes(version=version, opens=quote_named(token, clock))
    return new_reply(n, clock, customer=customer, changes=changes)


def deciding(n: int, clock: FakeClock, session: Session, *, customer: int = 1) -> NewReply:
    """Message number n, a yes to the quote of a session."""
    assert session.quote
    assert session.order_number
    order = Order(
        number=session.order_number,
        quote=session.quote.token,
        lines=session.quote.lines,
        currency=session.quote.currency,
        source=session.quote.source,
        placed_at=clock(),
        changed_at=clock(),
        left_out=("jeans",),
    )
    closes = Closing(token=session.quote.token, state=QuoteState.CONFIRMED)
    changes = Changes(version=session.version, closes=closes, places=order)
    return new_reply(n, clock, customer=customer, changes=changes, may_order=True)


async def session_of(
    queue: RetryQueue, clock: FakeClock, customer: int = 1, *, refers: str | None = None, may_order: bool = False
) -> Session:
    """The present session of a customer; asking for it writes nothing."""
    message = new_reply(9999, clock, customer=customer, refers=refers, may_order=may_order)
    return await session_by(queue, message)


async def session_by(queue: RetryQueue, message: NewReply) -> Session:
    """The present session of a message's customer; asking for it writes nothing."""
    added = await queue.add_message(replace(message, changes=Changes(version=-1)), lease=True)
    assert added.stale
    return added.stale


async def quoted(queue: RetryQueue, clock: FakeClock, token: str = "AAAA", *, customer: int = 1) -> LeasedReply:
    """Opens a quote, which Meta accepts."""
    version = (await session_of(queue, clock, customer)).version
    n = 100 * customer + version
    message = await add_leased(queue, opening(n, clock, token, version=version, customer=customer))
    await queue.update_message_attempt(message, replace(DELIVERED, sent_wamid=f"wamid.{token}"))
    return message


def outcomes(queue: RetryQueue) -> dict[str, float]:
    """Quotes by what became of them."""
    totals = queue.snapshot().totals.items()
    return {labels[0]: n for (name, labels), n in totals if name == metrics.QUOTES.name}
