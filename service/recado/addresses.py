"""Addresses that somebody typed: could it be one at all?"""

import ipaddress
import re
from urllib.parse import urlsplit

#: Every proxy is believed.
ANY_PROXY = "*"

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?")
#: A name without dots, or with those of a Service: no name server outside could be asked for it.
_IN_CLUSTER = re.compile(r"[a-z][a-z0-9_-]*|[a-z0-9_.-]+\.(?:localhost|svc|svc\.cluster\.local)")
_CREDENTIALS = re.compile(r"(?<=://)\S*(?=@)")
_VISIBLE = re.compile(r"[!-~]+")


def check_address(url: str) -> None:
    """Raises ValueError, in words, for what is no http or https URL with a host and port that could exist."""
    if not _VISIBLE.fullmatch(url):
        raise ValueError("an address is printable ASCII without spaces")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        if ":" in host or re.fullmatch(r"[0-9.]+", host):
            ipaddress.ip_address(host)
    except ValueError as error:
        raise ValueError(f"not an address: {error}") from error
    if "@" in parts.netloc:
        raise ValueError("an address holds no user or password")
    if parts.scheme not in ("http", "https"):
        raise ValueError("an address begins with http:// or https://")
    if port == 0 or not (":" in host or _NAME.fullmatch(host)):
        raise ValueError("the address has no host or port that could exist")


def check_proxies(text: str) -> None:
    """Raises ValueError, in words, for what is no list of addresses and networks; `*` stands for all."""
    for part in (part.strip() for part in text.split(",")):
        try:
            if text != ANY_PROXY:
                ipaddress.ip_network(part)
        except ValueError as error:
            raise ValueError(f"not addresses or networks, separated by commas: {error}") from error


def check_private(url: str) -> None:
    """Raises ValueError for an address of check_address's to which a secret would go in the clear: by http, to another
    host than this machine or one that only has a name inside a cluster.
    """
    parts = urlsplit(url)
    if not (parts.scheme == "https" or _IN_CLUSTER.fullmatch(parts.hostname or "") or is_loopback(url)):
        raise ValueError("must be https; http is for 127.0.0.1 and names inside a cluster, such as recado-simulator")


def is_loopback(url: str) -> bool:
    """Whether an address is one of this machine's own, by number."""
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        return False


def without_credentials(text: str) -> str:
    """The text with what stands before an @ in an address blanked."""
    return _CREDENTIALS.sub("[secret]", text)
