"""Whose request it is, as limits count: an address that many of the same hand share is one key."""

import ipaddress
from collections.abc import Mapping
from typing import Any

#: All who come from no address that can be read.
NOBODY = ""


def limit_key(scope: Mapping[str, Any]) -> str:
    """The key under which an ASGI request's client is counted: an IPv4 address, or an IPv6 network of 64 bits.

    Whoever has one IPv6 address has 2^64 of them. What is no address at all, as a proxy may pass on from a header that
    the client wrote, is nobody's: such clients share one key.
    """
    client = scope.get("client")
    try:
        address = ipaddress.ip_address(client[0] if client else NOBODY)
    except ValueError:
        return NOBODY
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
        address = address.ipv4_mapped
    return str(address)
