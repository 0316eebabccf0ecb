"""Creates WhatsAppService from the settings: at once, or at the first message.

Importing httpx takes 140 ms, which must not delay a drain's first claim: nothing here imports it before it is needed.
"""

from typing import TYPE_CHECKING, Any

from recado.settings import Settings

if TYPE_CHECKING:
    import httpx

    from recado.whatsapp.service import Sent, WhatsAppService
    from recado.whatsapp.templates import Approved


def make_whatsapp(settings: Settings, transport: "httpx.AsyncBaseTransport | None" = None) -> "WhatsAppService":
    """WhatsAppService over `transport`, by default over a pool with a connection for every send of this process."""
    from recado.whatsapp.service import WhatsAppService
    from recado.whatsapp.transport import GraphTransport

    limit = max(settings.max_concurrent_sends, settings.drain_concurrency)
    return WhatsAppService(
        transport or GraphTransport(max_connections=limit),
        access_token=settings.whatsapp_access_token,
        api_url=settings.whatsapp_api_url,
        api_version=settings.whatsapp_api_version,
        verify_token=settings.whatsapp_verify_token,
        connect_timeout=settings.connect_timeout_seconds,
        read_timeout=settings.read_timeout_seconds,
        media_hosts=settings.whatsapp_media_hosts,
    )


class WhatsAppOnDemand:
    """Sends like WhatsAppService, which is made at the first message."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._service: WhatsAppService | None = None

    async def send_message(self, *args: Any, **kwargs: Any) -> "Sent":
        return await self._made().send_message(*args, **kwargs)

    async def get_media(self, *args: Any, **kwargs: Any) -> bytes:
        return await self._made().get_media(*args, **kwargs)

    async def reachable(self, phone_number_id: str) -> bool:
        return await self._made().reachable(phone_number_id)

    async def templates(self, account_id: str) -> "list[Approved]":
        return await self._made().templates(account_id)

    async def aclose(self) -> None:
        if self._service is not None:
            await self._service.aclose()

    def _made(self) -> "WhatsAppService":
        if self._service is None:
            self._service = make_whatsapp(self._settings)
        return self._service
