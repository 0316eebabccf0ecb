"""What Meta says about the account and its numbers: told in the log, counted, and kept in the store."""

import logging
from collections.abc import Sequence

from recado.queue.protocol import Outbox
from recado.telemetry import metrics
from recado.telemetry.logging import wide
from recado.telemetry.totals import Totals
from recado.whatsapp.notices import Gravity, Notice

log = logging.getLogger(__name__)

#: Where the store keeps when Meta said so last; what it took back is kept as 0.
KEPT_AS = {Gravity.STOPS: "account_stopped_at", Gravity.THREATENS: "account_threatened_at"}
#: Notices of one webhook that may be written to the log, the grave ones first; all are counted.
NOTICES_TOLD = 20


async def take_notice(queue: Outbox, notices: Sequence[Notice], now: float) -> None:
    """Tells what Meta said at `now`; durable when it is done, since Meta says it once.

    Raises StoreUnavailable.
    """
    totals, instants = Totals(), dict[str, str]()
    for notice in notices:
        totals.inc(metrics.ACCOUNT_NOTICES, notice.event.value)
        if notice.gravity in KEPT_AS:
            instants[KEPT_AS[notice.gravity]] = str(now)
        elif notice.gravity is Gravity.REINSTATES:
            instants |= dict.fromkeys(KEPT_AS.values(), "0")
    await queue.record_totals(totals, instants)
    for notice in sorted(notices, key=lambda notice: notice.gravity not in KEPT_AS)[:NOTICES_TOLD]:
        fields = {"event": notice.event.value, "gravity": notice.gravity.value, "detail": notice.said}
        level = logging.WARNING if notice.gravity in KEPT_AS else logging.INFO
        wide(log, "account.notice", "Meta tells about the account", fields, level)
    if (untold := len(notices) - NOTICES_TOLD) > 0:
        log.warning("Meta tells more about the account at once", extra={"action": "account.notices", "untold": untold})
