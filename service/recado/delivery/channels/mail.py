"""Notices by mail, with the standard library. Everything here blocks: run it in a thread."""

import smtplib
import ssl
from email.message import EmailMessage

from recado.delivery.channels.http import misconfigured, unanswered
from recado.notices.notice import Notice, headline, text
from recado.notices.targets import Security, SmtpTarget
from recado.outcome import Outcome
from recado.queue.model import AttemptResult

#: The longest that one step of the conversation with a mail server takes.
TIMEOUT_SECONDS = 3.0
_PERMANENT = 500


def send(target: SmtpTarget, notice: Notice, tls: ssl.SSLContext | None = None) -> AttemptResult:
    """Mails a notice; what came of it. Never raises for what the server does."""
    message = EmailMessage()
    message["From"], message["To"] = target.sender, ", ".join(target.to)
    message["Subject"] = f"recado: {headline(notice)}"
    message.set_content(text(notice))
    try:
        with _connected(target, tls) as server:
            if target.username:
                server.login(target.username, target.password)
            server.send_message(message)
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError, ssl.SSLCertVerificationError) as error:
        return misconfigured(f"the mail server refuses: {type(error).__name__}")
    except smtplib.SMTPRecipientsRefused as error:
        return _refused(max(code for code, _ in error.recipients.values()))
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code)
    except TimeoutError as error:
        return unanswered("timeout", error)
    except (OSError, smtplib.SMTPException) as error:
        return unanswered("transport", error)
    return AttemptResult(outcome=Outcome.DELIVERED, code_class="2xx")


def reachable(target: SmtpTarget, tls: ssl.SSLContext | None = None) -> bool:
    """Whether the server takes connections, encrypted as it should be."""
    try:
        _connected(target, tls).close()
    except (OSError, smtplib.SMTPException):
        return False
    return True


def _connected(target: SmtpTarget, tls: ssl.SSLContext | None) -> smtplib.SMTP:
    context = tls or ssl.create_default_context()
    if target.security is Security.TLS:
        return smtplib.SMTP_SSL(target.host, target.port, timeout=TIMEOUT_SECONDS, context=context)
    server = smtplib.SMTP(target.host, target.port, timeout=TIMEOUT_SECONDS)
    try:
        server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server


def _refused(code: int) -> AttemptResult:
    """A status of the mail server's: 5xx will not change, 4xx may."""
    outcome = Outcome.PERMANENT if code >= _PERMANENT else Outcome.RETRYABLE
    return AttemptResult(
        outcome=outcome, error_class="refused", error_code=code, detail="", code_class=f"{code // 100}xx"
    )
