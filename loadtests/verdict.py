"""Whether a run was good: each acknowledged message answered exactly once, and Meta's limits kept.

The book says what customers wrote and what was acknowledged, the simulator's ledger which replies reached them.
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
        """Everything so far, which is forgotten here: a worker hands it to the master."""
        lines, self._lines = self._lines, {}
        return lines

    def merge(self, lines: Mapping[str, list[int]]) -> None:
        """Adds what a worker handed over."""
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
    """The book against the replies that each address got."""
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
    """Of answers to signed webhooks, in milliseconds; `refused`: the share that was not answered 200."""

    count: int
    p50: float
    p95: float
    p99: float
    longest: float
    over_limit: float
    refused: float


def latency(counts: Mapping[int, int], *, limit_ms: float, refused: int = 0) -> Latency:
    """From counts by milliseconds; `refused` is how many of them were not answered 200."""
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
    """The milliseconds below or at which that share of the counts lies; 0 without any."""
    left = share * sum(counts.values())
    for ms in sorted(counts):
        left -= counts[ms]
        if left <= 1e-9:
            return float(ms)
    return 0.0


@dataclass(frozen=True)
class Thresholds:
    """Meta's demands, unless a run names others."""

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
    """What was not as it must be, one sentence each.

    `deliveries` is None where no ledger could be asked, `waiting` what the queue still held, `wanted` and `reached`
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
