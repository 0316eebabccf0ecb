"""A small shop for the tests of the simulator: it replies to each new message once, or misbehaves as a test tells
it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from recado.simulator import Simulator
from recado.simulator.server import Request, Response, Server
from recado.whatsapp.content import Content, Text
from recado.whatsapp.errors import GraphError
from recado.whatsapp.inbound import Batch, InboundMessage, StatusKind
from recado.whatsapp.service import WhatsAppService
from recado.whatsapp.signature import SignatureVerifier
from recado.whatsapp.transport import GraphTransport
from tests.waiting import PATIENCE_SECONDS

SECRET = "shared-secret"


class Shop:
    """Replies to each new message once; a test may replace `answer` by something worse."""

    def __init__(self, meta: Simulator, read_timeout: float) -> None:
        self.whatsapp = WhatsAppService(
            GraphTransport(), access_token="t", api_url=meta.base_url, api_version="v26.0", read_timeout=read_timeout
        )
        self.verifier = SignatureVerifier([SECRET])
        self.server = Server(self.handle, "127.0.0.1", 0)
        self.bodies: list[bytes] = []
        self.batches: list[Batch] = []
        self.seen: set[str] = set()
        self.errors: list[GraphError] = []
        self.refuse: Callable[[int], bool] = lambda number: False
        self.replies = 1
        self.quoting = False
        self.content: Callable[[InboundMessage], Content] = lambda message: Text(f"re: {message.text}")

    async def handle(self, request: Request) -> Response:
        assert self.verifier.reason_to_refuse(request.signature, request.body) is None
        self.bodies.append(request.body)
        if self.refuse(len(self.bodies)):
            return Response(503)
        batch = self.whatsapp.extract_message_data(request.body)
        self.batches.append(batch)
        for message in batch.messages:
            if message.wamid not in self.seen:
                self.seen.add(message.wamid)
                await self.answer(message)
        return Response(200)

    async def answer(self, message: InboundMessage) -> None:
        assert message.customer is not None
        for number in range(self.replies):
            try:
                await self.whatsapp.send_message(
                    message.customer,
                    self.content(message),
                    phone_number_id=message.phone_number_id,
                    attempt_id=f"{message.wamid}/{number}",
                    quoting=message.wamid if self.quoting else None,
                )
            except GraphError as error:
                self.errors.append(error)

    @property
    def statuses(self) -> list[tuple[StatusKind, str | None, list[int | None]]]:
        return [
            (status.status, status.callback, [error.code for error in status.errors])
            for batch in self.batches
            for status in batch.statuses
        ]


@asynccontextmanager
async def open_shop(*, read_timeout: float = PATIENCE_SECONDS, **options: Any) -> AsyncIterator[tuple[Simulator, Shop]]:
    """A simulator and a shop that are connected to each other."""
    options = {"app_secret": SECRET, "status_delay": 0.002, "redelivery_seconds": (0.0, 0.01), **options}
    async with Simulator(**options) as meta:
        shop = Shop(meta, read_timeout)
        await shop.server.start()
        meta.webhook_url = f"http://127.0.0.1:{shop.server.port}/api/v1/webhook"
        try:
            yield meta, shop
        finally:
            await shop.server.stop()
            await shop.whatsapp.aclose()
