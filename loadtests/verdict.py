"""Decides whether a run passed: each acknowledged message has exactly one reply, and Meta's limits are kept.

The book contains what customers wrote and what was acknowledged; the simulator's ledger contains the replies that
reached them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


class Book:
    """Messages by customer's address: how many were sent, and how many of these acknowledged with 200."""

    def __init__(self) -> None:
        self._lines: dict[str, list[int]] = {}

    def sent(self, address: str) -> None:
        self._lines.setdefault(address, [0, 0])[0] += 1

    def acknowledged(self, address: str) -> None:
        self._lines.setdefault(address, [0, 0])[1] += 1

    def items(self) -> list[tuple[str, int, int]]:
        return [(address, sent, acknowledged) for address, (sent, acknowledged) in self._lines.items()]

    def take(self) -> dict[str, list[int]]:
        """Returns and removes everything so far; a worker passes it to the master."""
        lines, self._lines = self._lines, {}
        return lines

    def merge(self, lines: Mapping[str, list[int]]) -> None:
        """Adds the data of a worker."""
        for address, (sent, acknowledged) in lines.items():
            line = self._lines.setdefault(address, [0, 0])
            line[0] += sent
            line[1] += acknowledged


@dataclass
class Deliveries:
    """lost: acknowledged, no reply. doubled: replies beyond one for each message sent. `examples` name customers."""

    sent: int = 0
    acknowledged: int = 0
    replies: int = 0
    lost: int = 0
    doubled: int = 0
    examples: list[str] = field(default_factory=list)


def compare(book: Book, replies: Mapping[str, int]) -> Deliveries:
    """Compares the book with the replies that each address got."""
    result = Deliveries()
    for address, sent, acknowledged in book.items():
        got = replies.get(address, 0)
        result.sent += sent
        result.acknowledged += acknowledged
        result.replies += got
        result.lost += (lost := max(0, acknowledged - got))
        result.doubled += (doubled := max(0, got - sent))
        if (lost or doubled) and len(result.examples) < 10:
            result.examples.append(f"{address}: {sent} sent, {acknowledged} acknowledged, {got} replies")
    return result


@dataclass(frozen=True)
class Latency:
    """The latency of responses to signed webhooks, in milliseconds; `refused`: the share without 200."""

    count: int
    p50: float
    p95: float
    p99: float
    longest: float
    over_limit: float
    refused: float


def latency(counts: Mapping[int, int], *, limit_ms: float, refused: int = 0) -> Latency:
    """The latency from counts by milliseconds; `refused`: how many of them did not get 200."""
    total = sum(counts.values())
    if not total:
        return Latency(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    slow = sum(count for ms, count in counts.items() if ms > limit_ms)
    return Latency(
        count=total,
        p50=percentile(counts, 0.5),
        p95=percentile(counts, 0.95),
        p99=percentile(counts, 0.99),
        longest=float(max(counts)),
        over_limit=slow / total,
        refused=refused / total,
    )


def percentile(counts: Mapping[int, int], share: float) -> float:
    """The milliseconds that this share of the counts does not exceed; 0 without counts."""
    left = share * sum(counts.values())
    for ms in sorted(counts):
        left -= counts[ms]
        if left <= 1e-9:
            return float(ms)
    return 0.0


@dataclass(frozen=True)
class Thresholds:
    """The thresholds, by default Meta's requirements."""

    median_ms: float = 250.0
    slow_ms: float = 1000.0
    slow_share: float = 0.01
    refused_share: float = 0.01
    lost: int = 0
    doubled: int = 0
    rate_share: float = 0.95


def complaints(
    limits: Thresholds, times: Latency, deliveries: Deliveries | None, *, waiting: int, wanted: float, reached: float
) -> list[str]:
    """The violated thresholds, one sentence each.

    `deliveries` is None without a ledger, `waiting` is the number of replies still in the queue, `wanted` and `reached`
    are messages a second.
    """
    found = []
    if not times.count:
        return ["no webhook was answered"]
    if times.p50 > limits.median_ms:
        found.append(f"the median answer took {times.p50:.0f} ms; at most {limits.median_ms:.0f} ms are allowed")
    if times.over_limit > limits.slow_share:
        found.append(
            f"{times.over_limit:.2%} of answers took more than {limits.slow_ms:.0f} ms; "
            f"at most {limits.slow_share:.2%} may"
        )
    if times.refused > limits.refused_share:
        found.append(f"{times.refused:.2%} of signed webhooks were not answered 200")
    if reached < wanted * limits.rate_share:
        found.append(f"only {reached:.0f} of {wanted:.0f} messages a second could be sent: this run shows nothing")
    if deliveries is None:
        return found
    if deliveries.lost > limits.lost:
        found.append(f"{deliveries.lost} acknowledged messages were never answered; the queue still holds {waiting}")
    if deliveries.doubled > limits.doubled:
        found.append(f"{deliveries.doubled} answers too many were sent")
    return found
