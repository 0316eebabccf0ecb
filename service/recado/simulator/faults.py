"""Faults of Meta: by ratio, by script, for a time, or for one customer.

A fault is written as a word, such as `reset_after`, or with an error code, such as `code:131026` (refused at once) and
`failed:131026` (accepted, then a `failed` status), or with code and subcode, such as `code:100/33`. `after` means after
the message was accepted: it will reach the customer although the caller gets no success.
"""

import math
import random
from enum import StrEnum
from typing import Any

import msgspec


class FaultKind(StrEnum):
    """The faults that exist."""

    OK = "ok"
    SERVER_ERROR = "server_error"  # 500 with Graph's error object
    EDGE_ERROR = "edge_error"  # 502 with HTML
    EDGE_ERROR_AFTER = "edge_error_after"  # 504 with HTML
    THROTTLED = "throttled"  # 429 with HTML
    TIMEOUT = "timeout"
    TIMEOUT_AFTER = "timeout_after"
    RESET = "reset"
    RESET_AFTER = "reset_after"
    DRIP = "drip"  # accepted, the response arrives byte by byte
    GARBAGE = "garbage"  # accepted, the response is not JSON
    CODE = "code"
    FAILED = "failed"


#: With these faults the message is sent although the caller gets an error.
ACCEPTING = frozenset(
    {
        FaultKind.OK,
        FaultKind.EDGE_ERROR_AFTER,
        FaultKind.TIMEOUT_AFTER,
        FaultKind.RESET_AFTER,
        FaultKind.DRIP,
        FaultKind.GARBAGE,
        FaultKind.FAILED,
    }
)


class Fault(msgspec.Struct, frozen=True):
    """A fault, with Meta's code and subcode where the kind has one."""

    kind: FaultKind
    code: int = 0
    subcode: int = 0


NO_FAULT = Fault(FaultKind.OK)


class Outage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault for every call between two moments, in seconds since the faults were set; no `until`: until changed.

    A 100 for every call means that Graph does not show the business number (100/33), not a wrong parameter.
    """

    fault: str = "server_error"
    since: float = 0.0
    until: float = math.inf


class FaultPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of the faults, in the order in which they apply: poison, outages, interactive, script, ratios.

    poison: customer (phone or BSUID) -> fault. interactive: the fault of messages with buttons or a list. script:
    faults of the next calls, one each. ratios: fault -> share of calls. latency_seconds: the median response time;
    latency_spread: the sigma of its log-normal distribution (0: always the median; 0.5: one in a hundred takes 3.2
    times as long). hang_seconds: how long a time-out hangs.
    """

    ratios: dict[str, float] = {}
    script: list[str] = []
    outages: list[Outage] = []
    poison: dict[str, str] = {}
    interactive: str = FaultKind.OK.value
    latency_seconds: float = 0.0
    latency_spread: float = 0.0
    hang_seconds: float = 30.0
    seed: int = 1


class FaultError(ValueError):
    """An invalid fault plan; the message says what is wrong."""


class Faults:
    """Draws the fault and the latency of each call. The same seed and calls give the same faults."""

    def __init__(self, plan: FaultPlan = FaultPlan(), *, now: float = 0.0) -> None:  # noqa: B008 - it is frozen
        self.set(plan, now)

    def set(self, plan: FaultPlan, now: float) -> None:
        """Replaces the plan. Raises FaultError and changes nothing if the new plan is invalid."""
        ratios, edge = [], 0.0
        for name, ratio in plan.ratios.items():
            if not 0 <= ratio <= 1:
                raise FaultError(f"the ratio of {name} is not between 0 and 1")
            edge += ratio
            ratios.append((edge, parse(name)))
        if edge > 1 + 1e-9:
            raise FaultError("the ratios add up to more than 1")
        script = [parse(name) for name in plan.script]
        outages = [(o.since + now, o.until + now, _NUMBER_WIDE.get(o.fault) or parse(o.fault)) for o in plan.outages]
        poison = {customer: parse(name) for customer, name in plan.poison.items()}
        interactive = parse(plan.interactive)
        self.plan, self._interactive = plan, interactive
        self._ratios, self._script, self._outages, self._poison = ratios, script[::-1], outages, poison
        self._random = random.Random(plan.seed)  # noqa: S311 - reproducible on purpose

    def change(self, changes: dict[str, Any], now: float) -> None:
        """Replaces the named parts of the plan. Raises FaultError."""
        try:
            self.set(msgspec.convert({**msgspec.structs.asdict(self.plan), **changes}, FaultPlan), now)
        except msgspec.ValidationError as error:
            raise FaultError(str(error)) from error

    def draw(self, customer: str, now: float, *, interactive: bool = False) -> Fault:
        """The fault of one call that sends to `customer`, with buttons or a list if `interactive`."""
        if customer in self._poison:
            return self._poison[customer]
        if self._outages and (outage := self.outage(now)):
            return outage
        if interactive and self._interactive.kind is not FaultKind.OK:
            return self._interactive
        return self._script.pop() if self._script else self._drawn()

    def draw_without_message(self, now: float) -> Fault:
        """The fault of one call that sends nothing: a script and poison are for messages."""
        return self.outage(now) or self._drawn()

    def _drawn(self) -> Fault:
        if self._ratios:
            drawn = self._random.random()
            for edge, fault in self._ratios:
                if drawn < edge:
                    return fault
        return NO_FAULT

    def outage(self, now: float) -> Fault | None:
        """The fault of every call at this moment, if there is an outage."""
        return next((fault for since, until, fault in self._outages if since <= now < until), None)

    def latency(self) -> float:
        """Seconds until the response to one call."""
        median, spread = self.plan.latency_seconds, self.plan.latency_spread
        return median * math.exp(self._random.gauss(0, spread)) if median and spread else median


def parse(name: str) -> Fault:
    """The fault of a name. Raises FaultError."""
    word, _, numbers = name.partition(":")
    code, _, subcode = numbers.partition("/")
    if word not in set(FaultKind):
        raise FaultError(f"no such fault: {name!r}; there are {', '.join(FaultKind)}")
    kind = FaultKind(word)
    if (kind in (FaultKind.CODE, FaultKind.FAILED)) != code.isdigit() or not (subcode or "0").isdigit():
        raise FaultError(f"{name!r}: `code` and `failed` take an error code, such as code:131026, and no other does")
    return Fault(kind, int(code or 0), int(subcode or 0))


_NUMBER_WIDE = {"code:100": parse("code:100/33")}
