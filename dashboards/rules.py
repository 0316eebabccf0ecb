"""All rules as Prometheus groups.

Every duration goes through a `TimeScale`, so drills run the same rules with all times divided by one factor.
"""

from typing import Any

from dashboards.alert import TimeScale
from dashboards.alerts import BURNS, SYMPTOMS
from dashboards.causes import CAUSES
from dashboards.recording import TOTALS, recording_rules, total_rules
from dashboards.slo import SLOS


def groups(scale: TimeScale | None = None) -> list[dict[str, Any]]:
    """All rules as Prometheus groups."""
    scale = scale or TimeScale()
    others = [
        *({"name": f"recado.slo.{slo.name}", "rules": recording_rules(slo, scale)} for slo in SLOS),
        {"name": "recado.burn", "rules": [alert.rule(scale) for alert in BURNS]},
        {"name": "recado.symptoms", "rules": [alert.rule(scale) for alert in SYMPTOMS]},
        {"name": "recado.causes", "rules": [alert.rule(scale) for alert in CAUSES]},
    ]
    return [{"name": TOTALS, "rules": total_rules(scale, others)}, *others]
