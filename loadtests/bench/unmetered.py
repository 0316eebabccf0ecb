"""recado with metrics that count nothing, for the comparison in `loadtests.bench.telemetry`."""

from recado.cli import main
from recado.telemetry.totals import Totals
from recado.telemetry.web_metrics import WebMetrics


def nothing(*_: object, **__: object) -> None:
    """Counts nothing."""


EVENTS = (
    *("webhook_finished", "payload_received", "message", "duplicate", "status", "ignored", "unanswered", "replied"),
    *("edited", "committed", "rate_limited"),
)

if __name__ == "__main__":
    for event in EVENTS:
        assert hasattr(WebMetrics, event), event
        setattr(WebMetrics, event, nothing)
    Totals.inc = nothing  # type: ignore[method-assign]  # that is the point
    Totals.observe = nothing  # type: ignore[method-assign, assignment]  # likewise
    main()
