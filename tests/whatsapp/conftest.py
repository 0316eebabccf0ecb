"""Fixtures of the tests of WhatsApp."""

from collections.abc import AsyncIterator

import pytest

from recado.whatsapp.transport import GraphTransport


@pytest.fixture
async def transport() -> AsyncIterator[GraphTransport]:
    transport = GraphTransport(max_connections=4, keepalive_seconds=5)
    yield transport
    await transport.aclose()
