"""Sends outside the customer's window: templates, and messages that Meta turns into templates (Direct Send)."""

from msgspec.structs import replace

from recado.delivery.channels import whatsapp
from recado.delivery.channels.whatsapp import WhatsAppChannel
from recado.outcome import Outcome
from recado.queue.model import TEMPLATES, AttemptResult, Lane, LeasedReply
from recado.queue.policy import Limits
from recado.settings import Settings
from recado.telemetry import conventions, tracing
from recado.whatsapp.content import Template
from recado.whatsapp.errors import GraphError
from recado.whatsapp.outside import Forms, number_in, template_in
from recado.whatsapp.templates import TemplateBook

NAME = TEMPLATES
#: Templates share their business number's rate with replies, which use only a part of it (policy.USED_RATE).
PER_SECOND = 1.0
#: Meta's codes for refused Direct Send: the account is not allowed to use it, or its access is blocked.
_NOT_ALLOWED = frozenset({100, 139200})
#: Meta's class of errors about templates.
_TEMPLATE = "template"


def limits(settings: Settings) -> Limits:
    """As for replies, except for the rate. If Meta refuses one message, it refuses the whole template."""
    return Limits(
        per_second=PER_SECOND,
        in_order=True,
        key_interval_seconds=settings.customer_interval_seconds,
        lease_seconds=settings.lease_seconds,
        backoff_seconds=settings.backoff_seconds,
        alike=True,
    )


class TemplateChannel:
    """The channel `template`; its lanes are templates of business numbers.

    If the account's copy of a template does not fit, or Meta has paused it, its lane is held and the operator is told.
    A probe finds out when it is approved again.
    """

    name = NAME

    def __init__(self, replies: WhatsAppChannel, book: TemplateBook, forms: Forms) -> None:
        self._replies = replies
        self._book = book
        self._forms = forms
        self.send_seconds = 2 * replies.send_seconds  # it may read the account's templates first

    async def send(self, message: LeasedReply, attempt: tracing.NoSpan) -> AttemptResult:
        """Sends a template if the account's copy fits; sends a text for Direct Send unchecked."""
        if isinstance(message.content, Template):
            try:
                if wrong := await self._book.problems(message.content):
                    attempt.set(conventions.ERROR_TYPE, _TEMPLATE)
                    return _held("; ".join(wrong))
            except GraphError as error:
                attempt.set(conventions.ERROR_TYPE, error.error_class)
                result = whatsapp.failure(error)  # whatever the request's outcome, no message was sent
                return replace(result, outcome=Outcome.RETRYABLE) if result.outcome is Outcome.UNKNOWN else result
            message = replace(message, content=self._book.formed(message.content))
        number = Lane(message.lane.channel, number_in(message.lane.name))
        result = await self._replies.send(replace(message, lane=number), attempt)
        refused = result.outcome is Outcome.PERMANENT and (
            result.error_class == _TEMPLATE
            or (not isinstance(message.content, Template) and result.error_code in _NOT_ALLOWED)
        )
        return replace(result, outcome=Outcome.OPERATOR) if refused else result

    async def probe(self, lane: str) -> bool:
        """Whether a template may be sent now; for Direct Send, whether Graph responds for the number."""
        name = template_in(lane)
        if name not in self._forms.templates:
            return await self._replies.probe(number_in(lane))
        try:
            return not await self._book.problems(self._forms.templates[name])
        except GraphError:
            return False

    async def aclose(self) -> None:
        """Does nothing: the code that made the client closes it."""


def _held(why: str) -> AttemptResult:
    """The result if nothing can be sent until a person has fixed the template."""
    return AttemptResult(outcome=Outcome.OPERATOR, error_class=_TEMPLATE, detail=why, code_class="4xx")
