"""Addresses that somebody typed: could it be one at all?"""

import ipaddress
import re
from urllib.parse import urlsplit

#: Every proxy is believed.
ANY_PROXY = "*"

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?")
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
