"""Notices by Apprise, which knows some hundred services by a URL each. Everything here blocks: run it in a thread."""

import logging

from recado.delivery.channels.http import misconfigured, unanswered
from recado.notices.notice import Notice, headline, text
from recado.notices.targets import AppriseTarget
from recado.outcome import Outcome
from recado.queue.model import AttemptResult

#: Apprise logs the URLs, which are secrets.
logging.getLogger("apprise").disabled = True


def send(target: AppriseTarget, notice: Notice) -> AttemptResult:
    """Sends a notice; returns the result. Never raises because of the service."""
    try:
        import apprise
    except ImportError:
        return misconfigured("Apprise is not installed: pip install 'recado[notify]'")
    service = apprise.Apprise()
    if not service.add(target.url):
        return misconfigured("Apprise knows no service with such a URL")
    if service.notify(title=f"recado: {headline(notice)}", body=text(notice)):
        return AttemptResult(outcome=Outcome.DELIVERED, code_class="2xx")
    return unanswered("transport", ConnectionError("Apprise could not send it"))
