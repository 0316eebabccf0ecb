"""The ledger: for each message of a customer, whether it was acknowledged and which replies reached the customer.

A reply belongs to the message that it quotes. One that quotes none belongs to the customer's first message that has no
reply yet; with one message per customer that is exact. Where a customer sent several it is a guess, and `ambiguous`
counts those guesses. `unmatched` counts replies to customers who never wrote to this simulator.
"""

import time
from collections.abc import Callable, Iterator

import msgspec

from recado.simulator.graph import Accepted


class Reply(msgspec.Struct):
    """A message that the business sent. `failed` holds Meta's code if it never reached the customer."""

    wamid: str
    at: float
    text: str
    callback: str | None
    matched_by: str
    failed: int = 0


class Inbound(msgspec.Struct):
    """A customer's message: when its webhook was first sent, how often, when it was acknowledged with 200."""

    wamid: str
    customer: str
    text: str
    expects_reply: bool
    sent_at: float
    tries: int = 0
    acknowledged_at: float | None = None
    refusals: dict[str, int] = {}
    replies: list[Reply] = []

    @property
    def arrived(self) -> list[Reply]:
        """The replies that the customer sees."""
        return [reply for reply in self.replies if not reply.failed]


class Summary(msgspec.Struct):
    """lost: acknowledged, expects a reply, none arrived. unanswered: the same, but not acknowledged yet. doubled:
    more than one reply arrived. unwanted: a reply arrived although none was expected. Seconds run from the
    webhook's first sending to the reply's acceptance.
    """

    inbound: int = 0
    acknowledged: int = 0
    answered: int = 0
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


class Verdict(msgspec.Struct):
    """The messages that did not get exactly what they should, by wamid."""

    lost: list[str]
    doubled: list[str]
    unanswered: list[str]

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.unanswered)


class Ledger:
    """Who wrote what and which replies arrived."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._inbound: dict[str, Inbound] = {}
        self._by_customer: dict[str, list[Inbound]] = {}
        self._unmatched: dict[str, int] = {}
        self._open = 0

    def __iter__(self) -> Iterator[Inbound]:
        return iter(self._inbound.values())

    def __getitem__(self, wamid: str) -> Inbound:
        return self._inbound[wamid]

    @property
    def open(self) -> int:
        """How many messages still wait for their first reply."""
        return self._open

    @property
    def unmatched(self) -> dict[str, int]:
        """How many replies each customer got who never wrote to this simulator, by the address replied to."""
        return self._unmatched

    def wrote(self, wamid: str, addresses: list[str], text: str, *, expects_reply: bool = True) -> Inbound:
        """A customer writes; `addresses` are all that a reply may be sent to: phone, BSUID."""
        inbound = Inbound(wamid, addresses[0], text, expects_reply, self._clock())
        self._inbound[wamid] = inbound
        for address in addresses:
            self._by_customer.setdefault(address, []).append(inbound)
        self._open += expects_reply
        return inbound

    def tried(self, wamid: str, outcome: str) -> None:
        """A webhook that carries the message was answered; `outcome` is the HTTP status or what went wrong."""
        inbound = self._inbound[wamid]
        inbound.tries += 1
        if outcome == "200":
            inbound.acknowledged_at = inbound.acknowledged_at or self._clock()
        else:
            inbound.refusals[outcome] = inbound.refusals.get(outcome, 0) + 1

    def replied(self, accepted: Accepted) -> None:
        """The business sent something that will reach a customer, or fail on the way."""
        inbound, how = self._match(accepted)
        if inbound is None:
            self._unmatched[accepted.customer] = self._unmatched.get(accepted.customer, 0) + 1
            return
        reply = Reply(accepted.wamid, accepted.at, accepted.text, accepted.callback, how, accepted.failure)
        self._open -= inbound.expects_reply and not inbound.arrived and not reply.failed
        inbound.replies.append(reply)

    def last_written_at(self, customer: str) -> float | None:
        """When a customer last wrote, None if never."""
        written = self._by_customer.get(customer)
        return written[-1].sent_at if written else None

    def _match(self, accepted: Accepted) -> tuple[Inbound | None, str]:
        if accepted.quoting is not None and accepted.quoting in self._inbound:
            return self._inbound[accepted.quoting], "quote"
        written = self._by_customer.get(accepted.customer)
        if not written:
            return None, "none"
        if len(written) == 1:
            return written[0], "customer"
        waiting = (inbound for inbound in written if inbound.expects_reply and not inbound.arrived)
        return next(waiting, written[-1]), "order"

    def verify(self) -> Verdict:
        """What is not as it should be. Ask when everything has settled: a reply may still be on its way."""
        waiting = [i for i in self if i.expects_reply and not i.arrived]
        return Verdict(
            lost=[i.wamid for i in waiting if i.acknowledged_at is not None],
            doubled=[i.wamid for i in self if len(i.arrived) > 1],
            unanswered=[i.wamid for i in waiting if i.acknowledged_at is None],
        )

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
            summary.unwanted += bool(arrived) and not inbound.expects_reply
            summary.replies += len(arrived)
            summary.failed += len(inbound.replies) - len(arrived)
            summary.ambiguous += sum(reply.matched_by == "order" for reply in inbound.replies)
            if arrived:
                seconds.append(arrived[0].at - inbound.sent_at)
        summary.seconds = _percentiles(seconds)
        return summary

    def page(self, after: int, limit: int) -> list[Inbound]:
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
