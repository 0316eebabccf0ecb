"""A defect of recado's that one message brings to light stops that message alone, never the rest of its webhook."""

import contextlib
import logging
from collections.abc import Iterator
from enum import StrEnum

from recado.queue.errors import StoreUnavailable
from recado.queue.protocol import Outbox
from recado.telemetry.exposition import WebMetrics
from recado.telemetry.logging import defect_fields

log = logging.getLogger(__name__)


class Stage(StrEnum):
    """Where in the handling of one message or status a defect showed."""

    READ = "read"
    ANSWER = "answer"
    RECORD = "record"
    SEND = "send"
    STATUS = "status"


class DefectError(Exception):
    """One message met a defect, which is logged and counted by now."""


class Defects:
    """Keeps a defect to its message."""

    def __init__(self, metrics: WebMetrics, queue: Outbox) -> None:
        self._metrics = metrics
        self._queue = queue

    @contextlib.contextmanager
    def within(self, stage: Stage, wamid: str) -> Iterator[None]:
        """Turns any exception into DefectError, except StoreUnavailable, which is the whole webhook's matter."""
        try:
            yield
        except StoreUnavailable:
            raise
        except Exception as error:
            self._metrics.message_error(stage)
            log.error(
                "a message met a defect",
                extra={
                    "action": "message.error",
                    "stage": stage.value,
                    "message_ref": self._queue.message_reference(wamid),
                    **defect_fields(error),
                },
            )
            raise DefectError from error
