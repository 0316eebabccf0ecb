"""What operators see of the queue: its status, and entries with masked customers."""

from recado.queue.model import QueueEntry, QueueStatus, State
from recado.queue.protocol import Snapshot
from recado.queue.statements import Row
from recado.telemetry import metrics
from recado.whatsapp.inbound import mask


def failed_entry(row: Row) -> QueueEntry:
    """An entry from a row of the statements that list entries."""
    id_, to, state, attempts, error_class, error_code, detail, reason, received_at, due_at = row
    parts = [str(part) for part in (error_class, error_code, detail) if part not in (None, "")]
    return QueueEntry(
        id=id_,
        to=mask(to),
        state=State(state),
        attempts=attempts,
        last_error=": ".join(parts),
        reason=reason,
        received_at=received_at,
        due_at=due_at,
    )


def queue_status(snapshot: Snapshot) -> QueueStatus:
    """The queue's status from its totals and rows."""

    def total(name: str, *labels: str) -> float:
        return snapshot.totals.get((name, labels), 0.0)

    delivered = total(metrics.FINISHED.name, State.DELIVERED)
    finished = delivered + total(metrics.FINISHED.name, State.FAILED)
    attempts = total(metrics.DELIVERED_ATTEMPTS.name, "sum")
    return QueueStatus(
        pending_retry=snapshot.rows[State.QUEUED],
        in_flight=snapshot.rows[State.SENDING],
        unknown=snapshot.rows[State.UNKNOWN],
        failed=snapshot.rows[State.FAILED],
        success_rate=round(delivered / finished, 6) if finished else None,
        avg_attempts=round(attempts / delivered, 3) if delivered else None,
        oldest_due_seconds=round(snapshot.oldest_due_seconds, 3),
    )
