"""A bug that one message triggers affects only that message, not the rest of its webhook."""

import logging
from enum import StrEnum
from types import TracebackType

from recado.queue.errors import StoreUnavailable
from recado.queue.protocol import Outbox
from recado.telemetry.exposition import WebMetrics
from recado.telemetry.logging import defect_fields

log = logging.getLogger(__name__)


class Stage(StrEnum):
    """Where in the handling of a message or status a bug occurred."""

    READ = "read"
    ANSWER = "answer"
    RECORD = "record"
    SEND = "send"
    STATUS = "status"


class DefectError(Exception):
    """A bug stopped the handling of one message; it is already logged and counted."""


class Defects:
    """Limits a bug to its message."""

    def __init__(self, metrics: WebMetrics, queue: Outbox) -> None:
        self._metrics = metrics
        self._queue = queue

    def within(self, stage: Stage, wamid: str) -> "Guard":
        """A block that turns any exception into DefectError, except StoreUnavailable, which concerns the webhook as a
        whole."""
        return Guard(self, stage, wamid)

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


class Guard:
    """One guarded block. A class, since every message passes several and a generator costs four times as much."""

    __slots__ = ("_defects", "_stage", "_wamid")

    def __init__(self, defects: Defects, stage: Stage, wamid: str) -> None:
        self._defects, self._stage, self._wamid = defects, stage, wamid

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, Exception) and not isinstance(error, StoreUnavailable):
            self._defects.report(self._stage, self._wamid, error)
            raise DefectError from error
