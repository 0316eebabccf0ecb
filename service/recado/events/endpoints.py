"""The endpoints of events, from a JSON file. It contains secrets, so it is mounted from a Kubernetes Secret."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from recado.addresses import check_literal
from recado.events.facts import TYPES, USUAL_TYPES
from recado.events.signing import key_of
from recado.named import Item, check_name, field_problems, load_named
from recado.urls import check_secret_safe, check_url

VARIABLE = "RECADO_EVENTS_FILE"
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?")
#: Headers that recado sets itself.
_OWN_HEADERS = frozenset(
    {"host", "content-type", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "user-agent"}
)


class Shown(StrEnum):
    """How much of a customer an event contains: a reference only, masked digits too, or phone and user id."""

    NONE = "none"
    MASKED = "masked"
    FULL = "full"


class ShownText(StrEnum):
    """Whether an event contains the customer's text."""

    NONE = "none"
    FULL = "full"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A receiver of events.

    name: its name in metrics and commands. secret, secret_previous: `whsec_` and base64; with both, each event has two
    signatures. types: the types that it gets; without them, all that are not on request. headers: additional headers,
    for receivers that cannot check signatures. allow_http: `http` to this machine or a name inside the cluster.
    """

    name: str
    url: str
    secret: str
    secret_previous: str | UnsetType = UNSET
    types: tuple[str, ...] | UnsetType = UNSET
    customer: Shown = Shown.NONE
    text: ShownText = ShownText.NONE
    headers: dict[str, str] = {}
    allow_http: bool = False

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets to sign with, newest first."""
        return tuple(secret for secret in (self.secret, self.secret_previous) if secret)

    @property
    def wanted(self) -> frozenset[str]:
        """The types of events that the endpoint gets."""
        return frozenset(self.types or USUAL_TYPES)

    def __repr__(self) -> str:
        return f"Endpoint({self.name})"


def load_endpoints(path: Path) -> dict[str, Endpoint]:
    """The endpoints of a file by name. Raises SettingsError, which names every problem and no secret."""
    return load_named(path, VARIABLE, "endpoint", _problems, lambda item: msgspec.convert(item, Endpoint))


def _problems(item: Item) -> Iterator[str]:
    """The problems of one endpoint."""
    yield from field_problems(item, Endpoint, _CHECKS)
    url = item.get("url")
    if isinstance(url, str) and (problem := insecure(url, bool(item.get("allow_http")))):
        yield f"url: {problem}"


def insecure(url: str, allow_http: bool) -> str | None:
    """Why a URL is not secure enough; None if it is, or if it is not a URL."""
    if not url.lower().startswith("http://"):
        return None
    if not allow_http:
        return "must be https; for a receiver inside the cluster set allow_http"
    try:
        check_secret_safe(url)
    except ValueError as error:
        return str(error)
    return None


def check_receiver(url: str) -> None:
    """Raises ValueError if a text is not a URL, or names an address that recado does not send to."""
    check_url(url)
    parts = urlsplit(url)
    if parts.fragment:
        raise ValueError("must not have a fragment")
    check_literal(parts.hostname or "")


def _check_secret(secret: str) -> None:
    key_of(secret)


def _check_types(types: Sequence[str]) -> None:
    if not types:
        raise ValueError("must name at least one type; without this field the endpoint gets all usual types")
    if unknown := sorted(set(types) - TYPES.keys()):
        raise ValueError(f"unknown types: {', '.join(unknown)}; the types are {', '.join(sorted(TYPES))}")


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        lower = name.lower()
        if not _HEADER_NAME.fullmatch(name) or lower in _OWN_HEADERS or lower.startswith("webhook-"):
            raise ValueError(f"{name!r} cannot be set")
        if not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"the value of {name!r} must be printable ASCII")


_CHECKS: dict[str, Callable[[Any], None]] = {
    "name": check_name,
    "url": check_receiver,
    "secret": _check_secret,
    "secret_previous": _check_secret,
    "types": _check_types,
    "headers": _check_headers,
}
