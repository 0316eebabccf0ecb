"""Events to the shop's own systems, as signed webhooks."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from recado.events import signing
from recado.events.endpoints import Endpoint
from recado.events.event import Event, body
from recado.outcome import Outcome, Scope
from recado.queue.model import EVENTS, AttemptResult, LeasedReply
from recado.queue.policy import Limits
from recado.telemetry import conventions, tracing
from recado.waits import retry_after

if TYPE_CHECKING:  # it imports httpx, which a drain without events does not need
    from recado.network import BoundedClient, Response

NAME = EVENTS
#: The waits before each further attempt, in seconds: together 75.5 hours, or up to 83 with their random part.
BACKOFF_SECONDS = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
#: An event is given up after this time, even if its endpoint's breaker was open for all of it.
DEADLINE_SECONDS = 84 * 3600.0
#: A request takes at most 15 seconds; the rest is a reserve for the event loop.
SEND_SECONDS = 17.0
LEASE_SECONDS = 60.0
#: The maximum number of concurrent requests to one endpoint: an endpoint that hangs must not block the drain.
AT_ONCE = 16
_GONE = 410
#: Statuses by which a receiver, or a proxy before it, asks for fewer requests.
_SLOW_DOWN = frozenset({429, 502, 504})
#: The factor for each further wait, if a receiver throttles without saying how long.
_GROWTH = 2.0

LIMITS = Limits(
    per_second=0.0,
    in_order=False,
    key_interval_seconds=0.0,
    lease_seconds=LEASE_SECONDS,
    backoff_seconds=BACKOFF_SECONDS,
    at_once=AT_ONCE,
    repeatable=True,
)


class HttpChannel:
    """The channel `http`; its lanes are endpoints by name.

    If an endpoint is no longer in the file, its events are held until it is back or they are too old.
    """

    name = NAME
    send_seconds = SEND_SECONDS

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        make_client: "Callable[[], BoundedClient] | None" = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._endpoints = endpoints
        self._make_client = make_client or new_client
        self._client: BoundedClient | None = None
        self._clock = clock

    async def send(self, message: LeasedReply, attempt: tracing.NoSpan) -> AttemptResult:
        """Posts an event, signed as of now."""
        endpoint = self._endpoints.get(message.lane.name)
        if endpoint is None:
            return misconfigured("the endpoint is not in RECADO_EVENTS_FILE")
        assert isinstance(message.content, Event)
        content = body(message.content, endpoint)
        headers = {
            **endpoint.headers,
            "Content-Type": "application/json",
            "User-Agent": "recado",
            **signing.signed_headers(endpoint.secrets, message.content.public_id, content, now=self._clock()),
        }
        started = time.monotonic()
        result = await post(self._made(), endpoint.url, headers, content, self._clock)
        if result.outcome is not Outcome.DELIVERED:
            attempt.set(conventions.ERROR_TYPE, result.error_class)
        return replace(result, seconds=time.monotonic() - started)

    async def probe(self, lane: str) -> bool:
        """Whether an endpoint's host takes connections."""
        endpoint = self._endpoints.get(lane)
        return endpoint is not None and await self._made().reachable(endpoint.url)

    async def aclose(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            await self._client.aclose()

    def _made(self) -> "BoundedClient":
        if self._client is None:
            self._client = self._make_client()
        return self._client


def new_client() -> "BoundedClient":
    """The HTTP client, made at the first send."""
    from recado.network import BoundedClient

    return BoundedClient()


async def post(
    client: "BoundedClient", url: str, headers: Mapping[str, str], content: bytes, clock: Callable[[], float]
) -> AttemptResult:
    """Posts once; returns the result."""
    from recado.network import NotReached, RefusedAddress, TooSlow

    try:
        response = await client.post(url, headers, content)
    except RefusedAddress as error:
        return misconfigured(str(error))
    except TooSlow as error:
        return unanswered("timeout", error)
    except NotReached as error:
        return unanswered("transport", error)
    return _meaning(response, clock())


def _meaning(response: "Response", now: float) -> AttemptResult:
    """What a response means for the event and its endpoint."""
    status = response.status
    said = AttemptResult(
        outcome=Outcome.DELIVERED, error_code=status, scope=Scope.NUMBER, code_class=f"{status // 100}xx"
    )
    if status // 100 == 2:
        return replace(said, error_code=None, scope=Scope.MESSAGE)
    if status == _GONE:
        return replace(said, outcome=Outcome.ENDED, error_class="gone")
    outage = status >= 500
    header = response.headers.get("retry-after")
    asked = retry_after(header, now) if header else None
    if status in _SLOW_DOWN or asked is not None:
        growth = _GROWTH if asked is None else 1.0
        throttled = replace(said, outcome=Outcome.THROTTLED, error_class="throttled", outage=outage)
        return replace(throttled, wait_seconds=asked, wait_growth=growth)
    error_class = "server" if outage else "redirect" if status // 100 == 3 else "refused"
    return replace(said, outcome=Outcome.RETRYABLE, error_class=error_class, outage=outage, scope=Scope.MESSAGE)


def unanswered(kind: str, error: Exception) -> AttemptResult:
    """The result if the receiver did not respond."""
    return AttemptResult(
        outcome=Outcome.RETRYABLE, error_class=kind, detail=str(error)[:200], outage=True, code_class=kind
    )


def misconfigured(why: str) -> AttemptResult:
    """The result if nothing can be sent until an operator acts."""
    return AttemptResult(
        outcome=Outcome.OPERATOR,
        error_class="configuration",
        detail=why,
        scope=Scope.NUMBER,
        code_class="transport",
    )
