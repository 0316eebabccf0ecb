"""Validation of URLs and proxy lists from settings and options."""

import ipaddress
import re
from urllib.parse import parse_qs, unquote, urlsplit

#: Trusts every proxy.
ANY_PROXY = "*"

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?")
#: A name without dots, or a Service's name: it resolves only inside the cluster.
_IN_CLUSTER = re.compile(r"[a-z][a-z0-9_-]*|[a-z0-9_.-]+\.(?:localhost|svc|svc\.cluster\.local)")
_CREDENTIALS = re.compile(r"(?<=//)\S*(?=@)")
_VISIBLE = re.compile(r"[!-~]+")


def check_url(url: str) -> None:
    """Raises ValueError unless it is an http or https URL with a valid host and port."""
    if not _VISIBLE.fullmatch(url):
        raise ValueError("must be printable ASCII without spaces")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        if ":" in host or re.fullmatch(r"[0-9.]+", host):
            ipaddress.ip_address(host)
    except ValueError:  # which quotes a part of it
        raise ValueError("not a URL: its host or port is not valid") from None
    if "@" in parts.netloc:
        raise ValueError("must not contain a user or password")
    if parts.scheme not in ("http", "https"):
        raise ValueError("must begin with http:// or https://")
    if port == 0 or not (":" in host or _NAME.fullmatch(host)):
        raise ValueError("has an invalid host or port")


def check_database_url(url: str) -> None:
    """Raises ValueError unless it looks like a PostgreSQL URL: libpq reads the rest. The error does not repeat it."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError("is not a URL") from error
    if parts.scheme not in ("postgres", "postgresql"):
        raise ValueError("must begin with postgresql:// or postgres://")
    if not parts.path.strip("/") and "dbname=" not in parts.query:
        raise ValueError("names no database: postgresql://user:password@host/name")


def passwords_of(url: str) -> tuple[str, ...]:
    """The password of a URL, in encoded and decoded form; empty if there is none."""
    password = urlsplit(url).password or next(iter(parse_qs(urlsplit(url).query).get("password", [])), "")
    return tuple(dict.fromkeys((password, unquote(password)))) if password else ()


def check_proxies(text: str) -> None:
    """Raises ValueError unless it is a list of IP addresses and networks, or `*` for all."""
    for part in (part.strip() for part in text.split(",")):
        try:
            if text != ANY_PROXY:
                ipaddress.ip_network(part)
        except ValueError as error:
            raise ValueError(f"must be addresses or networks, separated by commas: {error}") from error


def check_secret_safe(url: str) -> None:
    """Raises ValueError if a secret sent to this valid URL would cross a network unencrypted: http to any host except
    this machine or a name inside the cluster.
    """
    parts = urlsplit(url)
    if not (parts.scheme == "https" or _IN_CLUSTER.fullmatch(parts.hostname or "") or is_loopback(url)):
        raise ValueError("must be https; http is for 127.0.0.1 and names inside a cluster, such as recado-simulator")


def is_loopback(url: str) -> bool:
    """Whether the URL's host is a loopback IP address."""
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        return False


def without_credentials(text: str) -> str:
    """The text with the user and password of URLs replaced by `[secret]`."""
    return _CREDENTIALS.sub("[secret]", text)
