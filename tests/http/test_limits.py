"""The key of a client: other spellings of an address, and other addresses of one network, have the same key."""

from typing import Any

import pytest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from recado.http.limits import NOBODY, limit_key

PROXY = "10.42.0.7"


async def key_of(forwarded: str | None, *, peer: str | None = PROXY, believed: str = "10.42.0.0/16") -> str:
    """The key of a request as uvicorn hands it on."""
    seen: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    headers = [] if forwarded is None else [(b"x-forwarded-for", forwarded.encode("latin-1"))]
    scope: Any = {"type": "http", "client": (peer, 1234) if peer else None, "headers": headers}
    nothing: Any = None
    await ProxyHeadersMiddleware(app, believed)(scope, nothing, nothing)
    return limit_key(seen[0])


@pytest.mark.parametrize(
    ("forwarded", "key"),
    [
        (None, PROXY),
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),  # what the client claims is left of what the proxy added
        ("203.0.113.9, 10.42.0.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("[2001:DB8:1:2::7]:4711", "2001:db8:1:2::/64"),
        ("fe80::1%anything", "fe80::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
    ],
)
async def test_an_address_is_counted_by_its_owner(forwarded: str | None, key: str) -> None:
    assert await key_of(forwarded) == key


@pytest.mark.parametrize(
    "forwarded", ["unknown", "unknown-2", "999.1.1.1", "1.2.3", "_hidden", "ñ", "a" * 300, "[::1", ","]
)
async def test_what_is_no_address_is_no_key_of_its_own(forwarded: str) -> None:
    """Otherwise every request could count as a new client."""
    assert await key_of(forwarded) in (NOBODY, PROXY)


async def test_nobody_else_is_believed() -> None:
    """A client that connects directly is counted by its own address."""
    assert await key_of("203.0.113.9", peer="198.51.100.1") == "198.51.100.1"
    assert await key_of("203.0.113.9", believed="127.0.0.1") == PROXY
    assert await key_of(None, peer=None) == NOBODY
