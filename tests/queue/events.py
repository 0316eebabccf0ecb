"""Endpoints of events and what they respond, and events of the queue, for tests."""

from msgspec.structs import replace

from recado.delivery.channels import http
from recado.events.event import Event
from recado.events.facts import USUAL_TYPES, HandoffRequested
from recado.outcome import Outcome, Scope
from recado.queue.model import EVENTS, AttemptResult, Audience, LeasedReply, NewReply
from recado.queue.protocol import RetryQueue
from tests.clock import FakeClock
from tests.queue.replies import new_reply

CRM = Audience(wants={"crm": USUAL_TYPES}, deadline_seconds=http.DEADLINE_SECONDS, order_prefix="P-")
#: Without events about replies, whose windows close meanwhile.
ASKED = replace(CRM, wants={"crm": frozenset({"handoff.requested"})})
TWO = replace(CRM, wants={"crm": USUAL_TYPES, "lake": frozenset({"message.received", "order.created"})})
DOWN = AttemptResult(outcome=Outcome.RETRYABLE, error_class="server", error_code=500, outage=True, code_class="5xx")
REFUSED = AttemptResult(outcome=Outcome.RETRYABLE, error_class="refused", error_code=400, code_class="4xx")
GONE = AttemptResult(outcome=Outcome.ENDED, error_class="gone", error_code=410, scope=Scope.NUMBER, code_class="4xx")
TOOK = AttemptResult(outcome=Outcome.DELIVERED, code_class="2xx")


def asking(n: int, clock: FakeClock, *, customer: int | None = None) -> NewReply:
    """Message number n, in which the customer asks for a person: one event."""
    return new_reply(n, clock, customer=customer, facts=(HandoffRequested(reason="asked"),))


async def kinds(queue: RetryQueue) -> list[str]:
    return [event.kind for event in await queue.events.after(0, limit=1000)]


async def claimed(queue: RetryQueue, limit: int = 100) -> list[LeasedReply]:
    """The events that may be sent now."""
    claim = await queue.get_messages_to_retry(limit)
    return [message for message in claim.messages if message.lane.channel == EVENTS]


def event_in(message: LeasedReply) -> Event:
    assert isinstance(message.content, Event)
    return message.content
