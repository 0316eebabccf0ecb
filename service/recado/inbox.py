"""Takes the messages of a webhook and returns receipts: stores the replies before the response, then sends them.

1 limits and conversation -> turns    2 one durable transaction a message, many to a commit    3 sends within the budget

recado first handles a message as if its customer were new, or with the session after his previous message in the batch.
The transaction of step 2 compares that session with the stored one. If they differ, it writes nothing and returns the
stored one, and recado repeats both steps. So a new customer costs no read. For a customer who has written to this pod
lately, step 1 waits until a transaction has returned his session.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import msgspec

from recado.conversation import Conversation, Inbound, Reply, ReplyKind, Silence, Turn
from recado.conversation.conversation import COURTESIES, PATIENCE, asked_in, facts_of, is_picture
from recado.defects import Defects, Stage
from recado.delivery.channels import media
from recado.delivery.channels.whatsapp import NAME, deadline
from recado.delivery.slots import SendSlots
from recado.orders import Changes, QuoteState, Session
from recado.orders.quote import edits
from recado.outcome import Outcome
from recado.queue.errors import StoreUnavailable
from recado.queue.model import Added, AttemptResult, Lane, NewReply, Restraint
from recado.queue.protocol import Outbox
from recado.quotes import Quote
from recado.settings import Settings
from recado.telemetry import conventions, tracing
from recado.telemetry.logging import wide
from recado.telemetry.web_metrics import WebMetrics
from recado.updates import Updates, report_other_numbers
from recado.whatsapp.inbound import Batch, InboundMessage

log = logging.getLogger(__name__)

#: A batch may contain 1,000 messages: the event loop gets control after this many messages or letters.
MESSAGES_A_TURN = 16
LETTERS_A_TURN = 2048
#: How often a message is handled again because other messages of its customer were faster. Each time one of these is
#: done.
MOST_TRIES = 20
#: For how many customers the pod remembers that they have a session.
MOST_KNOWN = 10_000
#: The changes of a message that was not handled yet: the store returns the present session.
UNREAD = Changes(version=-1)


class Receipt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The result of one message. `duplicate`: it was handled before. `replied`: a reply to it is on disk now. `sent`:
    Meta has accepted that reply."""

    quote: Quote | None = None
    silence: Silence | Restraint | None = None
    duplicate: bool = False
    replied: bool = False
    sent: bool = False


class PendingMessage:
    """A message that is being handled; `added` returns None if it hit a defect. `slot`: a send slot is reserved for its
    reply. `place`: its position in the batch. `names`: its customer's. `session`: the session after it."""

    added: "asyncio.Task[Added | None]"
    turn = Turn(silence=Silence.ERROR)
    session = Session()

    def __init__(
        self, place: int, inbound: Inbound, names: tuple[str, ...], handle: Callable[[Session], Turn], *, slot: bool
    ) -> None:
        self.place, self.inbound, self.names, self.handle, self.slot = place, inbound, names, handle, slot

    @property
    def message(self) -> InboundMessage:
        return self.inbound.message


class Inbox:
    """Takes batches of all webhooks of one pod."""

    def __init__(
        self,
        settings: Settings,
        queue: Outbox,
        conversation: Conversation,
        slots: SendSlots,
        metrics: WebMetrics,
    ) -> None:
        self._settings = settings
        self._queue = queue
        self._conversation = conversation
        self._slots = slots
        self._metrics = metrics
        self._clock = queue.now
        self._defects = Defects(metrics, queue)
        self._updates = Updates(settings, queue, metrics, self._defects)
        self._known: dict[int, None] = {}

    async def receive(self, batch: Batch) -> list[Receipt]:
        """Handles a batch; returns a receipt for each message, in order, when everything is on disk.

        Raises StoreUnavailable if something could not be stored: Meta then sends the batch again.
        """
        self._count(batch.messages)
        updates = self._updates.take(batch) if batch.has_updates else []
        receipts: list[Receipt] = [Receipt()] * len(batch.messages)
        pending: list[PendingMessage] = []
        try:
            await self._begin(batch.messages, pending, receipts)
            added = await _all([one.added for one in pending])
            await _all(updates)
        except Exception:
            await asyncio.gather(*updates, return_exceptions=True)
            await self._send_what_was_stored(pending)
            raise
        sending = self._send(pending, added)
        sent = await self._within_budget(sending, batch.messages)
        for one, done in zip(pending, added, strict=True):
            receipts[one.place] = self._receipt(one, done, sent=one.place in sent)
        return receipts

    async def _begin(
        self, messages: Sequence[InboundMessage], pending: list[PendingMessage], receipts: list[Receipt]
    ) -> None:
        """Reads the messages, and begins to handle those that get a reply: it adds them to `pending`. It writes the
        receipts of the others at their positions."""
        loop = asyncio.get_running_loop()
        last: dict[str, PendingMessage] = {}
        letters = 0
        for place, message in self._in_order(messages):
            letters += LETTERS_A_TURN // MESSAGES_A_TURN + len(message.text or "")
            if letters >= LETTERS_A_TURN:
                letters = 0
                await asyncio.sleep(0)
            inbound, handle = self._read(message)
            if inbound.silence:
                receipts[place] = self._silent(inbound.silence, inbound.quote)
                continue
            names = message.customer_names
            one = PendingMessage(place, inbound, names, handle, slot=self._slots.reserve())
            earlier = {last[name] for name in names if name in last}
            one.added = loop.create_task(self._converse(one, earlier))
            last |= dict.fromkeys(names, one)
            pending.append(one)

    def _receipt(self, one: PendingMessage, added: Added | None, *, sent: bool) -> Receipt:
        if added is None:
            return self._silent(Silence.ERROR)
        if added.duplicate:
            return Receipt(duplicate=True)
        if added.restraint is Restraint.TOO_MANY or added.patience:
            self._metrics.rate_limited("customer")
        if added.restraint:
            return self._silent(added.restraint)
        reply = one.turn.reply
        if reply is None:
            assert one.turn.silence
            return self._silent(one.turn.silence, one.inbound.quote)
        if one.turn.listens is None:
            self._report(reply, one.message)
        return Receipt(quote=reply.quote, replied=True, sent=sent)

    def _silent(self, silence: Silence | Restraint, quote: Quote | None = None) -> Receipt:
        self._metrics.unanswered(silence)
        return Receipt(quote=quote, silence=silence)

    def _in_order(self, messages: Sequence[InboundMessage]) -> list[tuple[int, InboundMessage]]:
        """Messages with their positions in the batch, in the order in which they were written: Meta sends them in any
        order."""
        now = self._clock()
        return sorted(enumerate(messages), key=lambda one: one[1].written_at(now))

    # -- the reply --------------------------------------------------------------------------------------------

    def _read(self, message: InboundMessage) -> tuple[Inbound, Callable[[Session], Turn]]:
        """The reading of the message, and its turn in a session."""
        try:
            inbound = self._conversation.read(message)
        except Exception as error:
            self._defects.report(Stage.READ, message.wamid, error)
            unread = Inbound(message=message, silence=self._conversation.silence(message))
            return unread, lambda _: self._conversation.not_read()
        return inbound, lambda session: self._conversation.handle(inbound, session, self._clock())

    async def _converse(self, one: PendingMessage, earlier: Collection[PendingMessage]) -> Added | None:
        """Handles a message with the present session, and stores the result; None if it hit a defect.

        It waits for earlier messages of the same customer in the batch, but not for others: with a commit for each
        message, a batch of 1,000 would take seconds.
        """
        await _all([other.added for other in earlier])
        session = self._expected(one, earlier)
        with tracing.enqueue() as span:
            for _ in range(MOST_TRIES):
                added = await self._try_with(session, one, span)
                if added is None or added.stale is None:
                    return added
                session = added.stale
        raise StoreUnavailable("the session changed each time that a message was handled")

    async def _try_with(self, session: Session | None, one: PendingMessage, span: tracing.NoSpan) -> Added | None:
        """Handles a message with a session and stores the result; None if it hit a defect.

        If the stored session is another one, or no session is given, the store returns the present one instead.
        """
        changes = UNREAD
        if session is not None:
            one.turn = self._turn(one, session)
            changes = one.turn.changes or Changes(version=session.version)
        try:
            new = new_reply(
                self._settings, one.inbound, one.names, one.turn, changes, self._clock(), traceparent=span.traceparent
            )
        except Exception as error:
            self._defects.report(Stage.RECORD, one.message.wamid, error)
            return None
        added = await self._queue.add_message(new, lease=one.slot)
        span.link([added.follows])
        if added.patience:
            one.turn, changes = Turn(reply=PATIENCE), Changes(version=changes.version)
        if session is not None and added.id is not None:
            one.session = session.after(changes)
            self._tell(one.message, session, changes, span)
            if one.session.version:
                self._remember(one.names)
        return added

    def _expected(self, one: PendingMessage, earlier: Collection[PendingMessage]) -> Session | None:
        """Guesses the session of a message; None where only the store knows it."""
        if len(earlier) == 1 and not one.inbound.refers and not one.inbound.may_order:
            (before,) = earlier
            return before.session
        return Session() if self._known.keys().isdisjoint(map(hash, one.names)) else None

    def _remember(self, names: Sequence[str]) -> None:
        """Remembers that a customer has a session; if there are too many customers, it forgets the oldest. Names are
        personal data, so it remembers only a hash that no other process can compute."""
        self._known |= dict.fromkeys(map(hash, names))
        while len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]

    def _turn(self, one: PendingMessage, session: Session) -> Turn:
        try:
            return one.handle(session)
        except Exception as error:
            self._defects.report(Stage.REPLY, one.message.wamid, error)
            return self._conversation.not_read()

    def _tell(self, message: InboundMessage, session: Session, changes: Changes, span: tracing.NoSpan) -> None:
        """Counts what the customer changed in his open quote; logs an order, and names it on the message's span."""
        if changes.opens and session.quote and session.quote.state is QuoteState.OPEN:
            for edit in edits(session.quote.lines, changes.opens.lines):
                self._metrics.edited(edit)
        if changes.places:
            span.set(conventions.ORDER, changes.places.number)
            fields = {
                "order": changes.places.number,
                "message_ref": self._queue.message_reference(message.wamid),
                "source": changes.places.source,
                "lines": len(changes.places.lines),
            }
            wide(log, "order.placed", "order placed", fields)

    def _report(self, reply: Reply, message: InboundMessage) -> None:
        self._metrics.replied(reply.kind, reply.quote)
        if reply.kind is ReplyKind.NOT_UNDERSTOOD:
            log.warning(
                "no product recognised",
                extra={
                    "action": "quote.nothing_recognised",
                    "message_ref": self._queue.message_reference(message.wamid),
                    "unmatched": len(reply.quote.unmatched) if reply.quote else 0,
                },
            )

    # -- the sends --------------------------------------------------------------------------------------------

    async def _send_what_was_stored(self, pending: list[PendingMessage]) -> None:
        """After a failure, Meta sends the webhook again, and messages that are already on disk are duplicates then. So
        their replies are sent now; otherwise they would wait until their lease runs out."""
        added = await asyncio.gather(*(one.added for one in pending), return_exceptions=True)
        for one, done in zip(pending, added, strict=True):
            if isinstance(done, Added):
                self._send([one], [done])
            elif one.slot:
                self._slots.give_back()

    def _send(
        self, pending: Sequence[PendingMessage], added: Sequence[Added | None]
    ) -> "dict[asyncio.Task[AttemptResult | None], int]":
        """Starts the sends whose turn is now, and follows up those whose turn is soon."""
        sending = {}
        for one, done in zip(pending, added, strict=True):
            if done is not None and done.message:
                sending[self._slots.send(done.message)] = one.place
            elif one.slot:
                self._slots.give_back()
            if done is None:
                continue
            if done.duplicate:
                self._metrics.duplicate()
                continue
            if done.message is None and done.id is not None and done.due_at is not None:
                self._slots.follow_up(done.id, done.due_at, within=media.PATIENCE_SECONDS if done.job else None)
            if done.job is not None:
                self._slots.follow_up(done.job, self._clock())
            if done.job is not None or self._settings.mark_as_read:
                self._slots.mark_as_read(one.message.wamid, one.message.phone_number_id)
        return sending

    async def _within_budget(
        self, sending: "dict[asyncio.Task[AttemptResult | None], int]", messages: Sequence[InboundMessage]
    ) -> set[int]:
        """The messages whose reply Meta accepted within the acknowledgement budget."""
        if not sending or not self._settings.ack_budget_seconds:
            return set()
        done, _ = await asyncio.wait(sending, timeout=self._settings.ack_budget_seconds)
        delivered = set()
        for task in done:
            place = sending[task]
            try:
                if not task.cancelled() and (result := task.result()) and result.outcome is Outcome.DELIVERED:
                    delivered.add(place)
            except Exception as error:
                self._defects.report(Stage.SEND, messages[place].wamid, error)
        return delivered

    def _count(self, messages: Sequence[InboundMessage]) -> None:
        for message in messages:
            self._metrics.message(message.type)
        numbers = {message.phone_number_id for message in messages}
        if others := numbers.difference(self._settings.whatsapp_phone_number_id):
            report_other_numbers(others)


def new_reply(
    settings: Settings,
    inbound: Inbound,
    names: tuple[str, ...],
    turn: Turn,
    changes: Changes,
    now: float,
    *,
    traceparent: str | None = None,
) -> NewReply:
    """A message's turn in the form that the queue stores. names: the customer's."""
    message, reply, customer = inbound.message, turn.reply, inbound.message.customer
    written_at = message.written_at(now)
    return NewReply(
        wamid=message.wamid,
        lane=Lane(NAME, message.phone_number_id),
        key=names[0],
        aliases=names[1:],
        phone=customer.phone if customer else None,
        user_id=customer.user_id if customer else None,
        content=reply.content if reply else None,
        written_at=written_at,
        received_at=now,
        deadline_at=deadline(settings, written_at),
        changes=changes,
        refers=inbound.refers,
        may_order=inbound.may_order,
        courtesy=reply is not None and reply.kind in COURTESIES and turn.listens is None,
        picture=is_picture(inbound),
        facts=facts_of(inbound, turn),
        asked=asked_in(reply.quote) if reply and reply.quote else (),
        patience=PATIENCE.content,
        listening=media.listening(message, turn.listens, now) if turn.listens else None,
        traceparent=traceparent,
    )


async def _all(waiting: Sequence[Awaitable[Any]]) -> list[Any]:
    """Returns all results; if some fail, waits until all have ended and raises the first failure."""
    if len(waiting) < 2:
        return [await one for one in waiting]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results
