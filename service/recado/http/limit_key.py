"""The key under which limits count a client."""

import ipaddress
from collections.abc import Mapping
from typing import Any

#: The key of clients whose address cannot be read.
NOBODY = ""


def limit_key(scope: Mapping[str, Any]) -> str:
    """The key under which an ASGI request's client is counted: an IPv4 address, or an IPv6 network of 64 bits.

    A client with one IPv6 address has 2^64 of them. A proxy may pass on a header that the client wrote and that is no
    address; all such clients share one key.
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
