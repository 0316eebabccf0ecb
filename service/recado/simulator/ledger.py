"""The ledger: for each message of a customer, whether it was acknowledged and which replies reached the customer.

A reply belongs to the message that it quotes. One that quotes none belongs to the customer's first message that has no
reply yet; with one message per customer that is exact. If a customer sent several, it is a guess, and `ambiguous`
counts the guesses. `unmatched` counts replies to customers who never wrote to this simulator.

One reply may answer several messages of a customer. Only the business knows which, so a caller who has read them there
passes them to the ledger (`superseded`). The same holds for orders: the ledger knows which quotes customers said yes to
(`said_yes`), and compares them with the orders that it is given.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import msgspec

from recado.simulator.graph import Accepted
from recado.simulator.interactive import Tappable


class LedgerReply(msgspec.Struct):
    """A message that the business sent. `failed` is Meta's code if it never reached the customer. `choices`: what the
    customer can tap.
    """

    wamid: str
    at: float
    text: str
    callback: str | None
    matched_by: str
    failed: int = 0
    choices: tuple[Tappable, ...] = ()


class LedgerMessage(msgspec.Struct):
    """A customer's message: when its webhook was first sent, how often, when it was acknowledged with 200.

    superseded: the reply to a later message of the customer answers it too.
    """

    wamid: str
    customer: str
    text: str
    expects_reply: bool
    sent_at: float
    tries: int = 0
    acknowledged_at: float | None = None
    refusals: dict[str, int] = {}
    replies: list[LedgerReply] = []
    superseded: bool = False

    @property
    def arrived(self) -> list[LedgerReply]:
        """The replies that the customer sees."""
        return [reply for reply in self.replies if not reply.failed]

    @property
    def waits(self) -> bool:
        """Whether it needs a reply of its own and has none yet."""
        return self.expects_reply and not self.superseded and not self.arrived


class Summary(msgspec.Struct):
    """lost: acknowledged, expects a reply, none arrived. unanswered: the same, but not acknowledged yet. doubled:
    more than one reply arrived. unwanted: a reply arrived although none was expected. superseded: answered by the reply
    to a later message. Seconds run from the webhook's first sending to the reply's acceptance.
    """

    inbound: int = 0
    acknowledged: int = 0
    answered: int = 0
    superseded: int = 0
    lost: int = 0
    unanswered: int = 0
    doubled: int = 0
    unwanted: int = 0
    failed: int = 0
    redeliveries: int = 0
    replies: int = 0
    ambiguous: int = 0
    unmatched: int = 0
    unmatched_customers: int = 0
    seconds: dict[str, float] = {}


class Verdict(msgspec.Struct, omit_defaults=True):
    """The messages that did not get exactly what they should, by wamid, and the quotes, by token.

    orders_missing: the customer said yes, but there is no order. orders_doubled: there are two orders. orders_unasked:
    there is an order, but the customer never said yes.
    """

    lost: list[str]
    doubled: list[str]
    unanswered: list[str]
    orders_missing: list[str] = []
    orders_doubled: list[str] = []
    orders_unasked: list[str] = []

    @property
    def clean(self) -> bool:
        return not any(msgspec.structs.astuple(self))


class Ledger:
    """Records messages of customers and the replies to them."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Forgets everything."""
        self._inbound: dict[str, LedgerMessage] = {}
        self._by_customer: dict[str, list[LedgerMessage]] = {}
        self._sent: dict[str, Accepted] = {}
        self._sent_to: dict[str, list[Accepted]] = {}
        self._unmatched: dict[str, int] = {}
        self._yes: set[str] = set()
        self._known_at: dict[str, float] = {}
        self._open = 0

    def __iter__(self) -> Iterator[LedgerMessage]:
        return iter(self._inbound.values())

    def __getitem__(self, wamid: str) -> LedgerMessage:
        return self._inbound[wamid]

    @property
    def open(self) -> int:
        """How many messages still wait for their first reply."""
        return self._open

    @property
    def unmatched(self) -> dict[str, int]:
        """The number of replies to customers who never wrote to this simulator, by address."""
        return self._unmatched

    @property
    def said_yes_to(self) -> frozenset[str]:
        """The tokens of the quotes that customers said yes to."""
        return frozenset(self._yes)

    def wrote(self, wamid: str, addresses: list[str], text: str, *, expects_reply: bool = True) -> LedgerMessage:
        """A customer writes; `addresses` are all that a reply may be sent to: phone, BSUID."""
        inbound = LedgerMessage(wamid, addresses[0], text, expects_reply, self._clock())
        self._inbound[wamid] = inbound
        for address in addresses:
            self._by_customer.setdefault(address, []).append(inbound)
        self._open += expects_reply
        return inbound

    def tried(self, wamid: str, outcome: str) -> None:
        """A webhook with the message got a response; `outcome` is the HTTP status or the error."""
        inbound = self._inbound[wamid]
        inbound.tries += 1
        if outcome == "200":
            inbound.acknowledged_at = inbound.acknowledged_at or self._clock()
        else:
            inbound.refusals[outcome] = inbound.refusals.get(outcome, 0) + 1

    def replied(self, accepted: Accepted) -> None:
        """The business sent a message that will reach a customer, or fail later."""
        self._sent[accepted.wamid] = accepted
        self._sent_to.setdefault(accepted.customer, []).append(accepted)
        inbound, how = self._match(accepted)
        if inbound is None:
            self._unmatched[accepted.customer] = self._unmatched.get(accepted.customer, 0) + 1
            return
        reply = LedgerReply(
            accepted.wamid, accepted.at, accepted.text, accepted.callback, how, accepted.failure, accepted.choices
        )
        self._give(inbound, reply)

    def superseded(self, wamids: Iterable[str]) -> None:
        """Records that a reply to a later message of the same customer answers these messages, too.

        Raises ValueError for an unknown message.
        """
        customers = set()
        for wamid in wamids:
            if (inbound := self._inbound.get(wamid)) is None:
                raise ValueError(f"no customer wrote {wamid}")
            self._open -= inbound.waits
            inbound.superseded = True
            customers.add(inbound.customer)
        for customer in customers:
            self._match_again(customer)

    def unprompted(self, sent: Iterable[Accepted]) -> None:
        """Records that these messages of the business are not replies, such as a notice about an order."""
        for accepted in sent:
            for inbound in self._by_customer.get(accepted.customer, ()):
                waited = inbound.waits
                inbound.replies = [reply for reply in inbound.replies if reply.wamid != accepted.wamid]
                self._open += inbound.waits - waited
            self._match_again(accepted.customer)

    def said_yes(self, token: str) -> None:
        """A customer says yes to a quote, for the first time or once more: it must become one order."""
        self._yes.add(token)

    def known(self, wamids: Iterable[str]) -> None:
        """The business has acknowledged statuses that say that these messages of its own have left Meta."""
        for wamid in wamids:
            self._known_at.setdefault(wamid, self._clock())

    def known_at(self, wamid: str) -> float | None:
        """When the business first acknowledged such a status of a message; None if it never did."""
        return self._known_at.get(wamid)

    def sent(self, wamid: str) -> Accepted:
        """A message of the business. Raises ValueError if it never sent it."""
        if wamid not in self._sent:
            raise ValueError(f"the business never sent {wamid}")
        return self._sent[wamid]

    def all_sent(self) -> Iterable[Accepted]:
        """All messages of the business, in order, including those that failed later."""
        return self._sent.values()

    def sent_to(self, addresses: Iterable[str]) -> list[Accepted]:
        """All messages that reached a customer, in order."""
        sent = [one for address in addresses for one in self._sent_to.get(address, ()) if not one.failure]
        return sorted(sent, key=lambda one: one.at)

    def waiting(self, customer: str) -> bool:
        """Whether a message of a customer still waits for a reply of its own."""
        return any(inbound.waits for inbound in self._by_customer.get(customer, ()))

    def last_written_at(self, customer: str) -> float | None:
        """When a customer last wrote, None if never."""
        written = self._by_customer.get(customer)
        return written[-1].sent_at if written else None

    def _match(self, accepted: Accepted) -> tuple[LedgerMessage | None, str]:
        if accepted.quoting is not None and accepted.quoting in self._inbound:
            return self._inbound[accepted.quoting], "quote"
        written = self._by_customer.get(accepted.customer)
        if not written:
            return None, "none"
        if len(written) == 1:
            return written[0], "customer"
        return self._first_without_reply(written), "order"

    @staticmethod
    def _first_without_reply(written: list[LedgerMessage]) -> LedgerMessage:
        return next((inbound for inbound in written if inbound.waits), written[-1])

    def _give(self, inbound: LedgerMessage, reply: LedgerReply) -> None:
        self._open -= inbound.waits and not reply.failed
        inbound.replies.append(reply)

    def _match_again(self, customer: str) -> None:
        """Guesses again which of a customer's messages his replies belong to."""
        written = self._by_customer.get(customer, [])
        guessed = [reply for inbound in written for reply in inbound.replies if reply.matched_by != "quote"]
        for inbound in written:
            waited = inbound.waits
            inbound.replies = [reply for reply in inbound.replies if reply.matched_by == "quote"]
            self._open += inbound.waits - waited
        for reply in sorted(guessed, key=lambda reply: reply.at):
            self._give(self._first_without_reply(written), reply)

    def verify(self, orders: Iterable[str] | None = None) -> Verdict:
        """The deviations; `orders` are the tokens of the quotes that became orders, one for each order.

        Call it after everything has settled: a reply may still be on its way.
        """
        verdict = Verdict(lost=[], doubled=[i.wamid for i in self if len(i.arrived) + i.superseded > 1], unanswered=[])
        for inbound in self:
            if inbound.waits or (inbound.superseded and not self._answered_later(inbound)):
                (verdict.unanswered if inbound.acknowledged_at is None else verdict.lost).append(inbound.wamid)
        if orders is not None:
            placed = Counter(orders)
            verdict.orders_missing = sorted(self._yes - placed.keys())
            verdict.orders_doubled = sorted(token for token, count in placed.items() if count > 1)
            verdict.orders_unasked = sorted(placed.keys() - self._yes)
        return verdict

    def _answered_later(self, inbound: LedgerMessage) -> bool:
        """Whether a later message of the same customer was answered."""
        written = self._by_customer[inbound.customer]
        return any(later.arrived for later in written[written.index(inbound) + 1 :])

    def summary(self) -> Summary:
        """The totals."""
        verdict = self.verify()
        summary = Summary(
            inbound=len(self._inbound),
            lost=len(verdict.lost),
            doubled=len(verdict.doubled),
            unanswered=len(verdict.unanswered),
            unmatched=sum(self._unmatched.values()),
            unmatched_customers=len(self._unmatched),
        )
        seconds = []
        for inbound in self:
            arrived = inbound.arrived
            summary.acknowledged += inbound.acknowledged_at is not None
            summary.redeliveries += max(0, inbound.tries - 1)
            summary.answered += bool(arrived) and inbound.expects_reply
            summary.superseded += inbound.superseded
            summary.unwanted += bool(arrived) and not inbound.expects_reply
            summary.replies += len(arrived)
            summary.failed += len(inbound.replies) - len(arrived)
            summary.ambiguous += sum(reply.matched_by == "order" for reply in inbound.replies)
            if arrived:
                seconds.append(arrived[0].at - inbound.sent_at)
        summary.seconds = _percentiles(seconds)
        return summary

    def page(self, after: int, limit: int) -> list[LedgerMessage]:
        """`limit` messages from the `after`th on, in order of sending."""
        return list(self._inbound.values())[after : after + limit]


def _percentiles(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {}
    ordered = sorted(seconds)
    last = len(ordered) - 1
    return {
        name: round(ordered[min(last, int(len(ordered) * share))], 4)
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))
    }
