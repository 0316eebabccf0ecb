"""What is sent outside the customer's window: templates, and messages that Meta makes templates of."""

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
#: Templates share their business number's rate with replies, which leave a share of it unused (policy.USED_RATE).
PER_SECOND = 1.0
#: What Meta refuses Direct Send with: an account that may not, or whose access is blocked.
_NOT_ALLOWED = frozenset({100, 139200})
#: Meta's class of errors about templates.
_TEMPLATE = "template"


def limits(settings: Settings) -> Limits:
    """As for replies, but for the rate; what Meta holds against one message it holds against the template."""
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

    A template that the account does not have as it is used, or that Meta has paused, holds its own lane, and its
    operator is told; a probe finds out when it is approved again.
    """

    name = NAME

    def __init__(self, replies: WhatsAppChannel, book: TemplateBook, forms: Forms) -> None:
        self._replies = replies
        self._book = book
        self._forms = forms
        self.send_seconds = 2 * replies.send_seconds  # it may read the account's templates first

    async def send(self, message: LeasedReply, attempt: tracing.NoSpan) -> AttemptResult:
        """Sends a template that the account has as it is used; a text for Direct Send as it is."""
        if isinstance(message.content, Template):
            try:
                if wrong := await self._book.problems(message.content):
                    attempt.set(conventions.ERROR_TYPE, _TEMPLATE)
                    return _held("; ".join(wrong))
            except GraphError as error:
                attempt.set(conventions.ERROR_TYPE, error.error_class)
                result = whatsapp.failure(error)  # whatever became of the question, nothing was sent
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
        """Whether a template may be sent now; Direct Send, whether Graph answers for the number."""
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
    """Nothing was sent, and nothing will be until a person has put the template right."""
    return AttemptResult(outcome=Outcome.OPERATOR, error_class=_TEMPLATE, detail=why, code_class="4xx")
