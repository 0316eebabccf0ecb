"""GET /api/v1/webhook: Meta verifies the webhook. It uses neither disk nor queue."""

import logging
from typing import Annotated

from fastapi import HTTPException, Query, Request, Response

from recado.http.limits import Guesses
from recado.telemetry.web_metrics import WebMetrics
from recado.whatsapp.service import WhatsAppService
from recado.whatsapp.signature import HandshakeError

log = logging.getLogger(__name__)


class Handshake:
    """Responds to Meta's verification request."""

    def __init__(self, whatsapp: WhatsAppService, metrics: WebMetrics, *, guesses_per_minute: int) -> None:
        self._whatsapp = whatsapp
        self._guesses = Guesses(guesses_per_minute, metrics)
        self._metrics = metrics

    async def verify(
        self,
        request: Request,
        mode: Annotated[str | None, Query(alias="hub.mode")] = None,
        token: Annotated[str | None, Query(alias="hub.verify_token")] = None,
        challenge: Annotated[str | None, Query(alias="hub.challenge")] = None,
    ) -> Response:
        """Meta's handshake: returns the challenge if the verify token is right."""
        self._guesses.refuse_too_many(request)
        try:
            body = self._whatsapp.verify_webhook(mode, token, challenge)
        except HandshakeError as error:
            self._metrics.handshake("refused")
            self._guesses.wrong(request)
            log.warning("handshake refused", extra={"action": "handshake.refused", "reason": str(error)})
            raise HTTPException(403, "the handshake does not carry our verify token") from error
        self._metrics.handshake("accepted")
        log.info("handshake accepted", extra={"action": "handshake.accepted"})
        return Response(body.encode("utf-8", "replace"), media_type="text/plain")
