"""The targets of notices, from a JSON file. It contains secrets, so it is mounted from a Kubernetes Secret."""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import msgspec

from recado.addresses import check_literal
from recado.events.endpoints import check_receiver, insecure
from recado.named import Item, check_name, field_problems, load_named
from recado.whatsapp.content import ContentError, Template

VARIABLE = "RECADO_NOTIFY_FILE"


class Security(StrEnum):
    """How a connection to a mail server is encrypted: from the beginning, or after a command."""

    TLS = "tls"
    STARTTLS = "starttls"


class SlackTarget(msgspec.Struct, frozen=True, kw_only=True, tag_field="format", tag="slack"):
    """An incoming webhook of Slack, Mattermost, Rocket.Chat, or Discord's with /slack; its URL is a secret.
    allow_http: `http` to this machine or a name inside the cluster."""

    name: str
    url: str
    allow_http: bool = False

    def __repr__(self) -> str:
        return f"SlackTarget({self.name})"


class SmtpTarget(msgspec.Struct, frozen=True, kw_only=True, tag_field="format", tag="smtp"):
    """Mailboxes, reached through a mail server. Without a username there is no login."""

    name: str
    host: str
    port: int = 587
    security: Security = Security.STARTTLS
    username: str = ""
    password: str = ""
    sender: str
    to: tuple[str, ...]

    def __repr__(self) -> str:
        return f"SmtpTarget({self.name})"


class WhatsAppTarget(msgspec.Struct, frozen=True, kw_only=True, tag_field="format", tag="whatsapp"):
    """A phone that gets a template that Meta has approved: `{{1}}` is the number of cases, `{{2}}` is what happened.
    phone_number_id: the business number that sends it."""

    name: str
    phone: str
    phone_number_id: str
    template: str = "recado_aviso"
    language: str = "es"

    def __repr__(self) -> str:
        return f"WhatsAppTarget({self.name})"


class AppriseTarget(msgspec.Struct, frozen=True, kw_only=True, tag_field="format", tag="apprise"):
    """A service that Apprise knows by a URL, which is a secret."""

    name: str
    url: str

    def __repr__(self) -> str:
        return f"AppriseTarget({self.name})"


Target: TypeAlias = SlackTarget | SmtpTarget | WhatsAppTarget | AppriseTarget

_FORMATS: dict[str, type[Target]] = {
    "slack": SlackTarget,
    "smtp": SmtpTarget,
    "whatsapp": WhatsAppTarget,
    "apprise": AppriseTarget,
}
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


def load_targets(path: Path) -> dict[str, Target]:
    """The targets of a file by name. Raises SettingsError, which names every problem and no secret."""
    return load_named(path, VARIABLE, "target", _problems, _made)


def _made(item: Item) -> Target:
    made: Target = msgspec.convert(item, Target)
    return made


def _problems(item: Item) -> Iterator[str]:
    """The problems of one target."""
    format_ = item.get("format")
    kind = _FORMATS.get(format_) if isinstance(format_, str) else None
    if kind is None:
        yield f"format: must be one of {', '.join(_FORMATS)}"
        return
    yield from field_problems(item, kind, _CHECKS | {"url": _check_service} if kind is AppriseTarget else _CHECKS)
    if kind is WhatsAppTarget:
        yield from _template_problems(item)
    url = item.get("url")
    if kind is SlackTarget and isinstance(url, str) and (problem := insecure(url, bool(item.get("allow_http")))):
        yield f"url: {problem}"
    if kind is SmtpTarget and bool(item.get("username")) != bool(item.get("password")):
        yield "username and password: give both or none"


def _template_problems(item: Item) -> Iterator[str]:
    name, language = (item.get(field, default) for field, default in (("template", "x"), ("language", "es")))
    if isinstance(name, str) and isinstance(language, str):
        try:
            Template(name, language)
        except ContentError as error:
            yield f"template: {error}"


def _check_phone(phone: str) -> None:
    if not _PHONE.fullmatch(phone):
        raise ValueError("must be a phone number with its country's code, such as +5215550100001")


def _check_number_id(number: str) -> None:
    if not (number.isascii() and number.isdecimal()):
        raise ValueError("must be the id of a business number: digits")


def _check_service(url: str) -> None:
    unknown = "must be a URL that Apprise knows, such as tgram://TOKEN/CHAT"
    try:
        parts = urlsplit(url)
    except ValueError:  # which quotes a part of it
        raise ValueError(unknown) from None
    if not parts.scheme or not (parts.netloc or parts.path):
        raise ValueError(unknown)
    check_literal(parts.hostname or "")


def _check_host(host: str) -> None:
    if not host or any(sign in host for sign in "/@ \r\n"):
        raise ValueError("must be the name or address of a mail server")
    check_literal(host)


def _check_port(port: int) -> None:
    if not 1 <= port <= 65535:
        raise ValueError("must be from 1 to 65535")


def _check_mailbox(mailbox: str) -> None:
    name, at, domain = mailbox.partition("@")
    if not (name and at and domain and mailbox.isascii() and mailbox.isprintable()) or " " in mailbox:
        raise ValueError("must be an address such as shop@example.com")


def _check_mailboxes(mailboxes: Sequence[str]) -> None:
    if not mailboxes:
        raise ValueError("must name a mailbox")
    for mailbox in mailboxes:
        _check_mailbox(mailbox)


_CHECKS: dict[str, Callable[[Any], None]] = {
    "name": check_name,
    "url": check_receiver,
    "phone": _check_phone,
    "phone_number_id": _check_number_id,
    "host": _check_host,
    "port": _check_port,
    "sender": _check_mailbox,
    "to": _check_mailboxes,
}
