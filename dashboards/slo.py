"""The three service level objectives and the burn-rate windows: data from which rules, alerts, tests and docs come."""

from collections.abc import Callable

import msgspec

from dashboards.queries import RULES, any_of
from recado.telemetry import metrics
from recado.telemetry.metric import Metric

DAY = 86400.0
PERIOD_SECONDS = 30 * DAY

#: With fewer bad events in the long window no alert fires: in a quiet shop one failure is a large share.
MIN_BAD_EVENTS = 5


class Window(msgspec.Struct, frozen=True):
    """A share of the budget (`budget`) that is spent within `long_seconds`. `short_seconds` ends the alert soon after
    the fix. The alert fires when both windows exceed the limit for `for_seconds`.
    """

    budget: float
    long_seconds: float
    short_seconds: float
    for_seconds: float
    severity: str

    @property
    def factor(self) -> float:
        """How many times faster than allowed the budget burns."""
        return round(self.budget * PERIOD_SECONDS / self.long_seconds, 6)


#: After the SRE workbook's "Alerting on SLOs", with the row for a day that kubernetes-mixin adds.
WINDOWS = (
    Window(0.02, 3600, 300, 120, "page"),
    Window(0.05, 6 * 3600, 1800, 900, "page"),
    Window(0.10, DAY, 2 * 3600, 3600, "ticket"),
    Window(0.10, 3 * DAY, 6 * 3600, 3 * 3600, "ticket"),
)


class Slo(msgspec.Struct, frozen=True, kw_only=True):
    """`bad`, `total` and `suppress` take a window and return PromQL: the bad events, all events, and a condition that
    suppresses pages if it held within the window (one hour).
    """

    name: str
    title: str
    objective: float
    alert: str
    bad: Callable[[str], str]
    total: Callable[[str], str]
    meaning: str
    suppress: Callable[[str], str] | None = None

    @property
    def budget(self) -> float:
        return round(1 - self.objective, 6)


#: Webhooks that count for the objective. Wrong signatures do not: a stranger must not spend the budget.
VALID = any_of("outcome", ("accepted", "bad_request", "shed", "store_unavailable", "error"))
REFUSED = any_of("outcome", ("bad_request", "shed", "store_unavailable", "error"))
ACCEPTED = 'outcome="accepted"'
FINAL = any_of("outcome", ("delivered", "failed"))
FAST_SECONDS = 0.25
DELIVERED_SECONDS = 300.0
OUTAGE = 'reason="outage"'


def _increase(metric: Metric, window: str, where: str) -> str:
    return RULES.increase(metric, window, where=where)


SLOS = (
    Slo(
        name="accepted",
        title="Webhooks accepted",
        objective=0.999,
        alert="RecadoWebhookRefusalBurn",
        bad=lambda w: _increase(metrics.WEBHOOK_DURATION, w, REFUSED),
        total=lambda w: _increase(metrics.WEBHOOK_DURATION, w, VALID),
        meaning="99.9 % of Meta's webhooks get a 200 response; those with a wrong signature do not count",
    ),
    Slo(
        name="fast",
        title="Webhooks fast",
        objective=0.99,
        alert="RecadoWebhookLatencyBurn",
        bad=lambda w: (
            f"{_increase(metrics.WEBHOOK_DURATION, w, ACCEPTED)}"
            f" - {RULES.within(metrics.WEBHOOK_DURATION, FAST_SECONDS, w, where=ACCEPTED, fn='increase')}"
        ),
        total=lambda w: _increase(metrics.WEBHOOK_DURATION, w, ACCEPTED),
        meaning="99 % of accepted webhooks get their response within 250 ms",
    ),
    Slo(
        name="delivered",
        title="Replies delivered",
        objective=0.995,
        alert="RecadoDeliveryBurn",
        bad=lambda w: (
            f"{_increase(metrics.FINISHED, w, FINAL)}"
            f" - {RULES.within(metrics.DELIVERY_AGE, DELIVERED_SECONDS, w, fn='increase')}"
        ),
        total=lambda w: _increase(metrics.FINISHED, w, FINAL),
        meaning="99.5 % of replies are accepted by Meta within 5 minutes of the customer's message",
        # After an outage of Meta replies are late, and no operator can change that.
        suppress=lambda w: (
            f"max by (namespace, job) (max_over_time({RULES.select(metrics.BREAKER_OPEN.name, OUTAGE)}[{w}])) > 0"
        ),
    ),
)
