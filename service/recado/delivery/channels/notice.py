"""Notices to the operator: to a webhook of Slack's format, by mail, by a WhatsApp template, by Apprise."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from recado.delivery.channels import http
from recado.delivery.channels.whatsapp import MessageClient, failure
from recado.notices.notice import Notice, in_one_line, text
from recado.notices.targets import AppriseTarget, SlackTarget, SmtpTarget, Target, WhatsAppTarget
from recado.outcome import Outcome
from recado.queue.model import NOTICES, AttemptResult, LeasedReply
from recado.queue.policy import Limits
from recado.telemetry import conventions, tracing
from recado.whatsapp.content import Template, parameter
from recado.whatsapp.errors import GraphError
from recado.whatsapp.inbound import Customer

if TYPE_CHECKING:  # it imports httpx, which a drain without notices does not need
    from recado.network import BoundedClient

NAME = NOTICES
#: The waits before each further attempt, in seconds: five tries within an hour.
BACKOFF_SECONDS = (60.0, 240.0, 900.0, 2100.0)
#: The maximum duration of a notice. The steps of a mail have their own time-outs, so its thread ends soon after.
SECONDS = 15.0
#: Older notices are given up: they say nothing new.
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
        whatsapp: MessageClient | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._targets = targets
        self._make_client = make_client
        self._client: BoundedClient | None = None
        self._whatsapp = whatsapp
        self._clock = clock

    async def send(self, message: LeasedReply, attempt: tracing.NoSpan) -> AttemptResult:
        """Sends a notice."""
        assert isinstance(message.content, Notice)
        result = await self.tell(message.lane.name, message.content, message.attempt_id)
        if result.outcome is not Outcome.DELIVERED:
            attempt.set(conventions.ERROR_TYPE, result.error_class)
        return result

    async def tell(self, name: str, notice: Notice, attempt_id: str = "notify-test") -> AttemptResult:
        """Sends a notice to a target, within a bounded time."""
        target = self._targets.get(name)
        if target is None:
            return http.misconfigured("the target is not in RECADO_NOTIFY_FILE")
        try:
            async with asyncio.timeout(SECONDS):
                return await self._tell(target, notice, attempt_id)
        except TimeoutError as error:
            return http.unanswered("timeout", error)

    async def _tell(self, target: Target, notice: Notice, attempt_id: str) -> AttemptResult:
        match target:
            case SlackTarget():
                return await self._post(target, notice)
            case WhatsAppTarget():
                return await self._send_template(target, notice, attempt_id)
            case AppriseTarget():
                from recado.delivery.channels import push

                return await asyncio.to_thread(push.send, target, notice)
            case SmtpTarget():
                from recado.delivery.channels import mail

                return await asyncio.to_thread(mail.send, target, notice)

    async def probe(self, lane: str) -> bool:
        """Whether a target's host accepts connections; sends nothing. For a service of Apprise, only a notice can show
        that."""
        match self._targets.get(lane):
            case SlackTarget(url=url):
                return await self._made().reachable(url)
            case WhatsAppTarget(phone_number_id=number) if self._whatsapp is not None:
                return await self._whatsapp.reachable(number)
            case SmtpTarget() as target:
                from recado.delivery.channels import mail

                return await asyncio.to_thread(mail.reachable, target)
            case AppriseTarget():
                return True
        return False

    async def aclose(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _post(self, target: SlackTarget, notice: Notice) -> AttemptResult:
        headers = {"Content-Type": "application/json", "User-Agent": "recado"}
        content = msgspec.json.encode({"text": text(notice)})
        result = await http.post(self._made(), target.url, headers, content, self._clock)
        # A webhook that was removed: the operator creates another one, and there is no command to resume this one.
        return replace(result, outcome=Outcome.OPERATOR) if result.outcome is Outcome.ENDED else result

    async def _send_template(self, target: WhatsAppTarget, notice: Notice, attempt_id: str) -> AttemptResult:
        if self._whatsapp is None:
            return http.misconfigured("there is no way to WhatsApp here")
        template = Template(
            target.template, target.language, {"count": str(notice.count), "what": parameter(in_one_line(notice))}
        )
        number = target.phone_number_id
        try:
            sent = await self._whatsapp.send_message(
                Customer(target.phone, None), template, phone_number_id=number, attempt_id=attempt_id
            )
        except GraphError as error:
            return failure(error)
        return AttemptResult(outcome=Outcome.DELIVERED, sent_wamid=sent.wamid, seconds=sent.seconds)

    def _made(self) -> "BoundedClient":
        if self._client is None:
            self._client = self._make_client()
        return self._client
