"""Notices to the operator, to a webhook of Slack's format or by mail."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from recado.delivery.channels import http
from recado.notices.notice import Notice, text
from recado.notices.targets import SlackTarget, Target
from recado.outcome import Outcome
from recado.queue.model import NOTICES, AttemptResult, LeasedReply
from recado.queue.policy import Limits
from recado.telemetry import conventions, tracing

if TYPE_CHECKING:  # it imports httpx, which a drain without notices does not need
    from recado.network import BoundedClient

NAME = NOTICES
#: The waits before each further attempt, in seconds: five tries within an hour.
BACKOFF_SECONDS = (60.0, 240.0, 900.0, 2100.0)
#: The longest that a notice takes; the steps of a mail have limits of their own, so that its thread ends soon after.
SECONDS = 15.0
#: A notice that is older says nothing new.
DEADLINE_SECONDS = 6 * 3600.0

LIMITS = Limits(
    per_second=0.0,
    in_order=False,
    key_interval_seconds=0.0,
    lease_seconds=http.LEASE_SECONDS,
    backoff_seconds=BACKOFF_SECONDS,
    at_once=http.AT_ONCE,
    repeatable=True,
)


class NoticeChannel:
    """The channel `notice`; its lanes are targets by name."""

    name = NAME
    send_seconds = http.SEND_SECONDS

    def __init__(
        self,
        targets: Mapping[str, Target],
        make_client: "Callable[[], BoundedClient]" = http.new_client,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._targets = targets
        self._make_client = make_client
        self._client: BoundedClient | None = None
        self._clock = clock

    async def send(self, message: LeasedReply, attempt: tracing.NoSpan) -> AttemptResult:
        """Sends a notice."""
        assert isinstance(message.content, Notice)
        result = await self.tell(message.lane.name, message.content)
        if result.outcome is not Outcome.DELIVERED:
            attempt.set(conventions.ERROR_TYPE, result.error_class)
        return result

    async def tell(self, name: str, notice: Notice) -> AttemptResult:
        """Sends a notice to a target."""
        target = self._targets.get(name)
        if target is None:
            return http.misconfigured("the target is not in RECADO_NOTIFY_FILE")
        if isinstance(target, SlackTarget):
            return await self._post(target, notice)
        from recado.delivery.channels import mail

        try:
            async with asyncio.timeout(SECONDS):
                return await asyncio.to_thread(mail.send, target, notice)
        except TimeoutError as error:
            return http.unanswered("timeout", error)

    async def probe(self, lane: str) -> bool:
        """Whether a target's host takes connections; nothing is sent."""
        target = self._targets.get(lane)
        if isinstance(target, SlackTarget):
            return await self._made().reachable(target.url)
        if target is None:
            return False
        from recado.delivery.channels import mail

        return await asyncio.to_thread(mail.reachable, target)

    async def aclose(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _post(self, target: SlackTarget, notice: Notice) -> AttemptResult:
        headers = {"Content-Type": "application/json", "User-Agent": "recado"}
        content = msgspec.json.encode({"text": text(notice)})
        result = await http.post(self._made(), target.url, headers, content, self._clock)
        # A webhook that was removed: its operator makes another one, and nobody resumes this by hand.
        return replace(result, outcome=Outcome.OPERATOR) if result.outcome is Outcome.ENDED else result

    def _made(self) -> "BoundedClient":
        if self._client is None:
            self._client = self._make_client()
        return self._client
