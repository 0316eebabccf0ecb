"""What the queue stores and reports: immutable records, times in Unix seconds UTC."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

import msgspec

from recado.events.event import Event
from recado.events.facts import Fact
from recado.notices.notice import Notice
from recado.orders import Asked, Changes, OpenQuote, Session
from recado.outcome import Outcome, Scope
from recado.whatsapp.content import Content
from recado.whatsapp.inbound import Customer, Media
from recado.whatsapp.outside import Forms

#: The channels, as the rows of the queue name them.
REPLIES = "whatsapp"
EVENTS = "http"
NOTICES = "notice"
TEMPLATES = "template"
MEDIA = "media"
#: The channels of what customers read.
TO_CUSTOMERS = frozenset({REPLIES, TEMPLATES})


class VoiceNote(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type", tag="voice"):
    """A voice note to transcribe. reply: the entry of its reply. quoted: the message that it quotes. The audio
    stays at Meta: it is fetched for the transcription, and not stored."""

    media: Media
    customer: Customer
    phone_number_id: str
    written_at: float
    quoted: str | None = None
    reply: int = 0


#: What an entry holds, as its channel reads it.
Payload: TypeAlias = Content | Event | Notice | VoiceNote

decode_payload = msgspec.json.Decoder(Payload).decode


def as_json(value: Any) -> str:
    """A batch as the statements take it."""
    return msgspec.json.encode(value).decode()


class State(StrEnum):
    """The states of a row of the outbox."""

    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    FAILED = "failed"
    DISCARDED = "discarded"


#: All changes of state and their causes; None stands for the time before the entry exists and after it is deleted. The
#: state machine test compares real changes with this table, and docs/architecture.md shows it.
TRANSITIONS: dict[tuple[State | None, State | None], str] = {
    (None, State.SENDING): "its turn is now",
    (None, State.QUEUED): "it has to wait",
    (None, State.FAILED): "too late when it is written",
    (None, State.DISCARDED): "too late when it is written: a template goes in its place",
    (State.QUEUED, State.SENDING): "leased",
    (State.QUEUED, State.DELIVERED): "a late status",
    (State.QUEUED, State.FAILED): "window closed, or out of attempts",
    (State.QUEUED, State.DISCARDED): "operator, superseded by a newer quote or a template, or a person takes over",
    (State.SENDING, State.DELIVERED): "accepted",
    (State.SENDING, State.QUEUED): "to be retried, or the lease given back",
    (State.SENDING, State.UNKNOWN): "no verdict, or the lease ran out",
    (State.SENDING, State.DISCARDED): "window closed: a template goes in its place",
    (State.SENDING, State.FAILED): "rejected, out of attempts, or window closed",
    (State.UNKNOWN, State.SENDING): "leased after the grace period",
    (State.UNKNOWN, State.DELIVERED): "a status",
    (State.UNKNOWN, State.QUEUED): "a failed status, or operator",
    (State.UNKNOWN, State.FAILED): "a failed status, out of attempts, or window closed",
    (State.UNKNOWN, State.DISCARDED): "operator, a person takes over, or a template goes in its place",
    (State.DELIVERED, State.QUEUED): "a failed status, to be retried",
    (State.DELIVERED, State.FAILED): "a failed status",
    (State.DELIVERED, State.DISCARDED): "a failed status: window closed, and a template goes in its place",
    (State.FAILED, State.DELIVERED): "a late status",
    (State.FAILED, State.QUEUED): "operator",
    (State.FAILED, State.DISCARDED): "operator",
    (State.DISCARDED, State.QUEUED): "operator",
    (State.DELIVERED, None): "it has reached the customer, or retention",
    (State.QUEUED, None): "its customer is erased",
    (State.SENDING, None): "its customer is erased",
    (State.UNKNOWN, None): "its customer is erased",
    (State.FAILED, None): "retention, or erased",
    (State.DISCARDED, None): "retention, or erased",
}


class Reason(StrEnum):
    """Why recado gave a reply up."""

    RETRIES_EXHAUSTED = "retries_exhausted"
    WINDOW_CLOSED = "window_closed"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    SUPERSEDED = "superseded"
    """A newer quote replies to its message, too, or a template is sent after Meta's window has closed. The reply is
    discarded, not failed."""


class Restraint(StrEnum):
    """Why a customer's message is recorded without a reply."""

    REPETITIVE = "repetitive"
    ALBUM = "album"
    TOO_MANY = "too_many"


class Lane(NamedTuple):
    """A part of a channel with its own rate and breaker: a business number, or an endpoint of events."""

    channel: str
    name: str


# gc=False here and below: thousands are alive at once, none is part of a reference cycle, and the collector's walks
# through them cost some 3 % of the CPU time of a reply.
class Listening(msgspec.Struct, frozen=True, gc=False):
    """A job in its lane that may replace the content of a reply; the reply waits for it until then (Unix seconds)."""

    note: VoiceNote
    lane: Lane
    until: float


class NewReply(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A customer's message with the reply to it, as it goes into the queue.

    `key` identifies the customer: entries of one key are sent one at a time, in the order of `written_at` (Meta's
    timestamp of the message), then of arrival. `aliases` are other names of the customer; names that appear together
    belong to one customer. `content` is None if the customer gets no reply. `changes` has the version of the session
    that was used, and what the message changes. `refers`: identifies a quote in the message: its token, the wamid of
    the reply with it, or the wamid of the message that it was made from. `may_order`: it may place an order, so a
    number is reserved. `courtesy`: the reply does not move the conversation forward. `picture`: the message has no
    words and may be one of an album. `facts`: further events for the shop's systems. `asked`: what the customer asked
    for and was not quoted. `listening`: the message is a voice note. `patience`: the reply to the first message over
    the customer's limit, sent instead of all this.
    """

    wamid: str
    lane: Lane
    key: str
    aliases: tuple[str, ...] = ()
    phone: str | None
    user_id: str | None
    content: Content | None
    written_at: float
    received_at: float
    deadline_at: float
    traceparent: str | None = None
    changes: Changes = Changes(version=0)
    refers: str | None = None
    may_order: bool = False
    courtesy: bool = False
    picture: bool = False
    facts: tuple[Fact, ...] = ()
    asked: tuple[Asked, ...] = ()
    listening: Listening | None = None
    patience: Content | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All names of the customer."""
        return (self.key, *self.aliases)

    @property
    def unread(self) -> bool:
        """Whether it was not handled yet, and only asks for the session."""
        return self.changes.version < 0

    @property
    def asking_for_patience(self) -> "NewReply":
        """The same message with the patience reply; it changes nothing."""
        changes = Changes(version=self.changes.version)
        return msgspec.structs.replace(
            self, content=self.patience, changes=changes, facts=(), asked=(), courtesy=True, listening=None
        )


class NewRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A row of `entry`, in the order of the statement `add`."""

    id: int
    state: State
    channel: str
    lane: str
    key: str
    phone: str | None
    user_id: str | None
    wamid: str | None
    answers: tuple[str, ...] | None
    content: Content
    written_at: float
    received_at: float
    deadline_at: float
    traceparent: str | None
    due_at: float | None = None
    attempts: int = 0
    lease_owner: str | None = None
    lease_until: float | None = None
    reason: Reason | None = None
    finished_at: float | None = None


class LeasedReply(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A reply whose lease this process holds; it is sent as attempt number `attempt`.

    `send_at` is its turn under the limits. `quoting` asks for the customer's message to be quoted, so that the customer
    understands a late or second copy; `wamid` is None if the entry replies to no message. `trial` marks the one reply
    that is sent through an open breaker after Graph has responded to a probe.
    """

    id: int
    attempt: int
    wamid: str | None
    lane: Lane
    phone: str | None
    user_id: str | None
    content: Payload
    received_at: float
    deadline_at: float
    send_at: float
    lease_until: float
    quoting: bool
    trial: bool
    attempt_id: str
    traceparent: str | None


class Added(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The result for a new message: handled before (duplicate), leased to the caller, or waiting.

    `message` is set if the caller holds the lease and must send it; otherwise `due_at` says when it is due. With a
    `restraint` there is no reply; with `patience` the reply asks for patience, and the session stays as it was.
    `stale`: the present session; the message was handled with another one, so nothing was written and the caller
    handles it again. `job`: transcribes the message, if it is a voice note. `follows`: the traceparent of the message
    that made the quote which this message closes or replaces.
    """

    id: int | None
    duplicate: bool
    restraint: Restraint | None = None
    patience: bool = False
    stale: Session | None = None
    message: LeasedReply | None = None
    due_at: float | None = None
    job: int | None = None
    follows: str | None = None


class AttemptResult(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The result of one finished attempt.

    `wait_seconds` is the wait that Meta asks for, `wait_growth` the factor for each further wait. `outage`: the fault
    is Meta's. `max_attempts`: after this many attempts with this error, recado gives up. `form_refused`: Meta may have
    refused the buttons or the list, so the reply is sent as plain text.
    """

    outcome: Outcome
    error_class: str = "none"
    error_code: int | None = None
    detail: str = ""
    wait_seconds: float | None = None
    wait_growth: float = 1.0
    max_attempts: int | None = None
    scope: Scope = Scope.MESSAGE
    outage: bool = False
    form_refused: bool = False
    sent_wamid: str | None = None
    seconds: float = 0.0
    code_class: str = "2xx"


class StatusUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """One status webhook; `failure` is set if the status is `failed`.

    `attempt_id` is the id that the send carried; if it is not recado's, Meta's id `sent_wamid` identifies the attempt.
    """

    attempt_id: str
    status: str
    sent_wamid: str
    failure: AttemptResult | None = None


class Reminding(msgspec.Struct, frozen=True, kw_only=True):
    """How customers are reminded of an open quote that they have not answered.

    seconds: how long after the quote was sent; 0: never. window_seconds: how long after their message customers may be
    written to. timezone: the shop's; reminders are sent by day. says: the text.
    """

    seconds: float = 0.0
    window_seconds: float = 0.0
    timezone: str = "UTC"
    says: Callable[[OpenQuote], Content] | None = None


class Audience(msgspec.Struct, frozen=True, kw_only=True):
    """The receivers of facts: endpoints by name with their types of events, and for how many seconds an event is tried.

    order_prefix: the prefix of order numbers in texts. notices: the operator's targets by name, with the seconds
    between two notices of a kind, the seconds after which a notice is too old, and the seconds that an order may wait
    to be accepted (0: no limit). outside: how recado writes to customers outside their window. reminding: how recado
    reminds them of an open quote.
    """

    wants: dict[str, frozenset[str]] = {}
    deadline_seconds: float = 0.0
    order_prefix: str = ""
    notices: tuple[str, ...] = ()
    notice_seconds: float = 900.0
    notice_deadline_seconds: float = 0.0
    accept_seconds: float = 0.0
    outside: Forms = Forms()
    reminding: Reminding = Reminding()

    @property
    def listens(self) -> bool:
        """Whether there is any endpoint or target."""
        return bool(self.wants or self.notices)

    def endpoints_for(self, type_: str) -> tuple[str, ...]:
        """The endpoints that subscribe to a type."""
        return tuple(name for name, types in self.wants.items() if type_ in types)


NOBODY = Audience()


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The claimed messages or, if there are none, when the next one could be claimed (None: nothing waits).

    `probes` are lanes for which the caller must check, without sending anything, whether the receiver responds; it
    passes the result to `record_probe`.
    """

    messages: tuple[LeasedReply, ...]
    probes: tuple[Lane, ...] = ()
    next_at: float | None


class QueueEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A reply in the queue, as operators see it: no text, the customer masked."""

    id: int
    to: str
    state: State
    attempts: int
    last_error: str
    reason: str
    received_at: float
    due_at: float | None


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What was erased of a customer: deleted rows, and orders that lost his data. conversations: the number of business
    numbers that he had one with."""

    replies: int
    quotes: int
    events: int
    orders: int
    conversations: int

    @property
    def found(self) -> bool:
        """Whether anything was stored about the customer."""
        return self.conversations > 0


class QueueStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The queue at a glance. `success_rate` and `avg_attempts` are None before the first delivery."""

    pending_retry: int
    in_flight: int
    unknown: int
    failed: int
    success_rate: float | None
    avg_attempts: float | None
    oldest_due_seconds: float

    @property
    def queue_size(self) -> int:
        return self.pending_retry + self.in_flight + self.unknown + self.failed
