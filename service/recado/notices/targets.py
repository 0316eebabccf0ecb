"""Where notices go: the targets of one JSON file, which holds secrets and so is mounted as a Kubernetes Secret."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

import msgspec

from recado.addresses import refusal
from recado.events.endpoints import check_receiver, insecure
from recado.named import Checks, Item, check_name, field_problems, load_named

VARIABLE = "RECADO_NOTIFY_FILE"


class Security(StrEnum):
    """How a connection to a mail server is encrypted: from its beginning, or after a command."""

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
    """Mailboxes, by a mail server. Without a username nobody logs in."""

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


Target: TypeAlias = SlackTarget | SmtpTarget

_FORMATS: dict[str, type[Target]] = {"slack": SlackTarget, "smtp": SmtpTarget}


def load_targets(path: Path) -> dict[str, Target]:
    """The targets of a file by name. Raises SettingsError, which names every problem and no secret."""
    return load_named(path, VARIABLE, "target", _problems, _made)


def _made(item: Item) -> Target:
    made: Target = msgspec.convert(item, Target)
    return made


def _problems(item: Item) -> Iterator[str]:
    """What is wrong with one target."""
    format_ = item.get("format")
    kind = _FORMATS.get(format_) if isinstance(format_, str) else None
    if kind is None:
        yield f"format: must be one of {', '.join(_FORMATS)}"
        return
    yield from field_problems(item, kind, _CHECKS)
    url = item.get("url")
    if isinstance(url, str) and (problem := insecure(url, bool(item.get("allow_http")))):
        yield f"url: {problem}"
    if kind is SmtpTarget and bool(item.get("username")) != bool(item.get("password")):
        yield "username and password: give both or none"


def _check_host(host: str) -> None:
    if not host or any(sign in host for sign in "/@ \r\n"):
        raise ValueError("must be the name or address of a mail server")
    if (":" in host or host.replace(".", "").isdecimal()) and (why := refusal(host)):
        raise ValueError(f"{host} is refused: {why}")


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


_CHECKS: Checks = {
    "name": check_name,
    "url": check_receiver,
    "host": _check_host,
    "port": _check_port,
    "sender": _check_mailbox,
    "to": _check_mailboxes,
}
