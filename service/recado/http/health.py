"""The probes. Alive: the event loop responds. Ready: the queue can be written, so webhooks can be accepted. Readiness
does not depend on Meta."""

import logging
import time

from fastapi import Response

from recado.queue.errors import StoreUnavailable
from recado.queue.protocol import RetryQueue

log = logging.getLogger(__name__)

#: How long a probe's result for the store stays valid, so that probes do not load the store.
CHECK_SECONDS = 2.0


class Probes:
    """The routes for Kubernetes."""

    def __init__(self, queue: RetryQueue) -> None:
        self._queue = queue
        self._checked_at = float("-inf")
        self._problem = ""

    async def alive(self) -> Response:
        """Needs only the event loop."""
        return Response("ok", media_type="text/plain")

    async def ready(self) -> Response:
        """200 when the queue can be written, 503 when it cannot."""
        if time.monotonic() - self._checked_at > CHECK_SECONDS:
            self._note(await self._look())
            self._checked_at = time.monotonic()
        return Response(self._problem or "ok", status_code=503 if self._problem else 200, media_type="text/plain")

    async def _look(self) -> str:
        try:
            await self._queue.check_writable()
        except StoreUnavailable as error:
            return f"the queue cannot be written: {error}"
        return ""

    def _note(self, problem: str) -> None:
        """Logs a change of readiness, which might otherwise stay invisible for minutes."""
        if problem and not self._problem:
            log.error("not ready", extra={"action": "web.not_ready", "error": problem})
        elif self._problem and not problem:
            log.info("ready again", extra={"action": "web.ready"})
        self._problem = problem
