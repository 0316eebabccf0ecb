"""Replies, results and statuses for tests of the queue."""

from recado.delivery.channels.whatsapp import NAME
from recado.outcome import Outcome, Scope
from recado.queue.model import AttemptResult, Lane, LeasedReply, NewReply, StatusUpdate
from recado.queue.protocol import RetryQueue
from recado.whatsapp.content import Text
from tests.clock import FakeClock

DELIVERED = AttemptResult(outcome=Outcome.DELIVERED, sent_wamid="wamid.OUT", seconds=0.05)
SERVER_ERROR = AttemptResult(outcome=Outcome.RETRYABLE, error_class="server", error_code=131000, code_class="5xx")
OUTAGE = AttemptResult(outcome=Outcome.RETRYABLE, error_class="transport", outage=True, code_class="transport")
UNKNOWN = AttemptResult(outcome=Outcome.UNKNOWN, error_class="timeout", outage=True, code_class="timeout")
REJECTED = AttemptResult(outcome=Outcome.PERMANENT, error_class="invalid", error_code=131009, code_class="4xx")
EXPIRED_TOKEN = AttemptResult(
    outcome=Outcome.OPERATOR, error_class="auth", error_code=190, scope=Scope.NUMBER, code_class="4xx"
)
PAIR_LIMIT = AttemptResult(
    outcome=Outcome.THROTTLED,
    error_class="pair_limit",
    error_code=131056,
    wait_seconds=1,
    wait_growth=4,
    scope=Scope.CUSTOMER,
    code_class="4xx",
)
THROTTLED = AttemptResult(
    outcome=Outcome.THROTTLED, error_class="throttled", error_code=80007, wait_seconds=900, scope=Scope.NUMBER
)

NUMBER = "700000000000001"
LANE = Lane(NAME, NUMBER)
UNLIMITED = {
    "RECADO_MESSAGES_PER_SECOND": "0",
    "RECADO_CUSTOMER_INTERVAL_SECONDS": "0",
    "RECADO_CUSTOMER_MESSAGES_PER_MINUTE": "0",
}
NO_JITTER = {"RECADO_BACKOFF_JITTER": "0"}


def new_reply(n: int, clock: FakeClock, *, customer: int | None = None, **changes: object) -> NewReply:
    """The reply to message number n, by default to a new customer."""
    who = n if customer is None else customer
    fields: dict[str, object] = {
        "wamid": f"wamid.IN{n}",
        "lane": LANE,
        "key": f"{NUMBER}:US.{who}",
        "phone": f"+1555010{who:04d}",
        "user_id": None,
        "content": Text(f"reply {n}"),
        "written_at": clock(),
        "received_at": clock(),
        "deadline_at": clock() + 86100,
    }
    return NewReply(**{**fields, **changes})  # type: ignore[arg-type]  # fields by name


def status_of(message: LeasedReply, status: str, failure: AttemptResult | None = None) -> StatusUpdate:
    return StatusUpdate(attempt_id=message.attempt_id, status=status, sent_wamid="wamid.OUT", failure=failure)


async def add_leased(queue: RetryQueue, message: NewReply) -> LeasedReply:
    added = await queue.add_message(message, lease=True)
    assert added.message is not None
    return added.message


def text_of(message: LeasedReply) -> str:
    assert isinstance(message.content, Text)
    return message.content.body


async def claim_one(queue: RetryQueue) -> LeasedReply:
    claim = await queue.get_messages_to_retry(10)
    assert len(claim.messages) == 1
    return claim.messages[0]
