"""WhatsAppService for a process that may have nothing to send: made, with all it imports, at the first message."""

from typing import TYPE_CHECKING, Any

from recado.settings import Settings

if TYPE_CHECKING:
    from recado.whatsapp.service import Sent, WhatsAppService


class LazyWhatsApp:
    """Sends like WhatsAppService. Importing httpx (140 ms) must not delay a drain's first claim."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._service: WhatsAppService | None = None

    async def send_message(self, *args: Any, **kwargs: Any) -> "Sent":
        return await self._made().send_message(*args, **kwargs)

    async def reachable(self, phone_number_id: str) -> bool:
        return await self._made().reachable(phone_number_id)

    async def aclose(self) -> None:
        if self._service is not None:
            await self._service.aclose()

    def _made(self) -> "WhatsAppService":
        if self._service is None:
            from recado.whatsapp.client import make_whatsapp

            self._service = make_whatsapp(self._settings)
        return self._service
