"""A bug that one message triggers affects only that message, not the rest of its webhook."""

import logging
from enum import StrEnum

from recado.queue.protocol import Outbox
from recado.telemetry.logging import defect_fields
from recado.telemetry.web_metrics import WebMetrics

log = logging.getLogger(__name__)


class Stage(StrEnum):
    """Where in the handling of a message or status a bug occurred."""

    READ = "read"
    REPLY = "reply"
    RECORD = "record"
    SEND = "send"
    STATUS = "status"


class Defects:
    """Reports bugs that stop the handling of a single message or status."""

    def __init__(self, metrics: WebMetrics, queue: Outbox) -> None:
        self._metrics = metrics
        self._queue = queue

    def report(self, stage: Stage, wamid: str, error: Exception) -> None:
        """Counts and logs a bug."""
        self._metrics.message_error(stage)
        log.error(
            "a message hit a defect",
            extra={
                "action": "message.error",
                "stage": stage.value,
                "message_ref": self._queue.message_reference(wamid),
                **defect_fields(error),
            },
        )
