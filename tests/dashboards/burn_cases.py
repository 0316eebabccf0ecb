"""Cases for the alerts about burn rates."""

import itertools

from dashboards.recording import window_name
from dashboards.slo import SLOS, WINDOWS

from recado.telemetry import metrics
from tests.dashboards.alert_data import Case, series


def _webhooks(ratio: float, minutes: int) -> dict[str, str]:
    """Webhooks of which a share gets 503."""
    total = 100_000
    bad = round(total * ratio)
    return {
        series(metrics.WEBHOOK_DURATION, "_count", outcome="accepted"): f"0+{total - bad}x{minutes}",
        series(metrics.WEBHOOK_DURATION, "_count", outcome="store_unavailable"): f"0+{bad}x{minutes}",
    }


def _slow(ratio: float, minutes: int) -> dict[str, str]:
    total = 100_000
    return {
        series(metrics.WEBHOOK_DURATION, "_count", outcome="accepted"): f"0+{total}x{minutes}",
        series(metrics.WEBHOOK_DURATION, "_bucket", outcome="accepted", le="0.25"): (
            f"0+{total - round(total * ratio)}x{minutes}"
        ),
    }


def _late(ratio: float, minutes: int) -> dict[str, str]:
    total = 100_000
    bad = round(total * ratio)
    return {
        series(metrics.FINISHED, outcome="delivered"): f"0+{total - bad // 2}x{minutes}",
        series(metrics.FINISHED, outcome="failed"): f"0+{bad // 2}x{minutes}",
        series(metrics.DELIVERY_AGE, "_bucket", le="300.0"): f"0+{total - bad}x{minutes}",
    }


_SERIES_OF = {"accepted": _webhooks, "fast": _slow, "delivered": _late}


def burn_cases() -> list[Case]:
    """For each objective and window, an error ratio that is 20 % above its threshold and below the next threshold."""
    found = []
    for slo, window in itertools.product(SLOS, WINDOWS):
        ratio = round(1.2 * window.factor * slo.budget, 5)
        minutes = round(window.for_seconds / 60) + 1
        found.append(
            Case(
                alert=slo.alert,
                series=_SERIES_OF[slo.name](ratio, minutes + 2),
                fires_at=minutes,
                value=f"{ratio * 100:.4g}%",
                labels={"slo": slo.name},
                rule={"window": window_name(window.long_seconds)},
            )
        )
    return found
