"""The Graph client as the settings describe it."""

import httpx

from recado.settings import Settings
from recado.whatsapp.service import WhatsAppService
from recado.whatsapp.transport import GraphTransport


def make_whatsapp(settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> WhatsAppService:
    """WhatsAppService over `transport`, by default over a pool that has room for every send of this process."""
    most = max(settings.max_concurrent_sends, settings.drain_concurrency)
    return WhatsAppService(
        transport or GraphTransport(max_connections=most),
        access_token=settings.whatsapp_access_token,
        api_url=settings.whatsapp_api_url,
        api_version=settings.whatsapp_api_version,
        verify_token=settings.whatsapp_verify_token,
        connect_timeout=settings.connect_timeout_seconds,
        read_timeout=settings.read_timeout_seconds,
    )
