"""Notices by mail, with the standard library. Everything here blocks: run it in a thread."""

import smtplib
import socket
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from recado.addresses import refusal
from recado.delivery.channels.http import misconfigured, unanswered
from recado.notices.notice import Notice, headline, text
from recado.notices.targets import Security, SmtpTarget
from recado.outcome import Outcome
from recado.queue.model import AttemptResult

#: The time-out of each step of the dialogue with a mail server.
TIMEOUT_SECONDS = 3.0
_PERMANENT = 500

#: The addresses of a host and a port. Raises OSError.
Resolve = Callable[[str, int], list[str]]


class RefusedHostError(OSError):
    """The host resolves to an address that recado does not send to."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses that the name resolves to now."""
    return list(dict.fromkeys(str(to[0]) for *_, to in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def send(
    target: SmtpTarget, notice: Notice, tls: ssl.SSLContext | None = None, resolve: Resolve = resolve
) -> AttemptResult:
    """Mails a notice; returns the result. Never raises because of the server."""
    message = EmailMessage()
    message["From"], message["To"] = target.sender, ", ".join(target.to)
    # Some servers refuse mail without these two.
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=target.sender.rpartition("@")[2])
    message["Subject"] = f"recado: {headline(notice)}"
    message.set_content(text(notice))
    try:
        with _connected(target, tls, resolve) as server:
            if target.username:
                server.login(target.username, target.password)
            server.send_message(message)
    except RefusedHostError as error:
        return misconfigured(str(error))
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
    """Whether the server accepts connections with the configured encryption."""
    try:
        _connected(target, tls, resolve).close()
    except (OSError, smtplib.SMTPException):
        return False
    return True


class _Plain(smtplib.SMTP):
    """Looks a name up once, checks all its addresses, and connects only to these."""

    def __init__(self, host: str, port: int, resolve: Resolve) -> None:
        self._resolve = resolve
        super().__init__(host, port, timeout=TIMEOUT_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        addresses = self._resolve(host, port)
        for address in addresses:
            if why := refusal(address):
                raise RefusedHostError(f"the host leads to {address}: {why}")
        failed = OSError("the name has no address")
        for address in addresses:
            try:
                return socket.create_connection((address, port), timeout)
            except OSError as error:
                failed = error
        raise failed


class _Encrypted(smtplib.SMTP_SSL, _Plain):
    """The same, encrypted from its beginning."""

    def __init__(self, host: str, port: int, resolve: Resolve, context: ssl.SSLContext) -> None:
        self._resolve = resolve
        smtplib.SMTP_SSL.__init__(self, host, port, timeout=TIMEOUT_SECONDS, context=context)


def _connected(target: SmtpTarget, tls: ssl.SSLContext | None, resolve: Resolve) -> smtplib.SMTP:
    context = tls or ssl.create_default_context()
    if target.security is Security.TLS:
        return _Encrypted(target.host, target.port, resolve, context)
    server = _Plain(target.host, target.port, resolve)
    try:
        server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server


def _refused(code: int) -> AttemptResult:
    """The result for a status of the mail server: 5xx is permanent, 4xx temporary."""
    outcome = Outcome.PERMANENT if code >= _PERMANENT else Outcome.RETRYABLE
    return AttemptResult(
        outcome=outcome, error_class="refused", error_code=code, detail="", code_class=f"{code // 100}xx"
    )
