"""GET /api/v1/webhook: Meta asks whether this is really our webhook; touches neither disk nor queue."""

import logging
from typing import Annotated

from fastapi import HTTPException, Query, Response

from recado.telemetry.exposition import WebMetrics
from recado.whatsapp.service import WhatsAppService
from recado.whatsapp.signature import HandshakeError

log = logging.getLogger(__name__)


class Handshake:
    """Answers Meta's subscription request."""

    def __init__(self, whatsapp: WhatsAppService, metrics: WebMetrics) -> None:
        self._whatsapp = whatsapp
        self._metrics = metrics

    async def verify(
        self,
        mode: Annotated[str | None, Query(alias="hub.mode")] = None,
        token: Annotated[str | None, Query(alias="hub.verify_token")] = None,
        challenge: Annotated[str | None, Query(alias="hub.challenge")] = None,
    ) -> Response:
        """Meta's handshake: answers the bare challenge when the verify token is ours."""
        try:
            answer = self._whatsapp.verify_webhook(mode, token, challenge)
        except HandshakeError as error:
            self._metrics.handshake("refused")
            log.warning("handshake refused", extra={"action": "handshake.refused", "reason": str(error)})
            raise HTTPException(403, "the handshake does not carry our verify token") from error
        self._metrics.handshake("answered")
        log.info("handshake answered", extra={"action": "handshake.answered"})
        return Response(answer.encode("utf-8", "replace"), media_type="text/plain")
