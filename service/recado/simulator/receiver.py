"""A receiver of events, like a shop's CRM: verifies signatures, remembers ids, and fails by plan."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from recado.events import signing
from recado.simulator.faults import FaultError
from recado.simulator.server import Manner, Request, Response

#: Checks the signature of headers and body.
Verify = Callable[[Mapping[str, str], bytes], bool]


class Failure(StrEnum):
    """The faults of a receiver."""

    NONE = "none"
    SERVER_ERROR = "server_error"  # 500
    BAD_GATEWAY = "bad_gateway"  # 502
    UNAVAILABLE = "unavailable"  # 503 with Retry-After
    TOO_MANY = "too_many"  # 429
    REFUSED = "refused"  # 400
    GONE = "gone"  # 410
    REDIRECT = "redirect"  # 307, to itself
    SLOW = "slow"  # accepts, after the plan's seconds
    HANG = "hang"  # closes the connection after the plan's seconds, without a response
    RESET = "reset"
    ENDLESS = "endless"  # accepts, with an endless response


class ReceiverPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the receiver responds. script: the faults of the next events, one each; always: the fault of all later ones.
    seconds: how long `slow` and `hang` take."""

    script: tuple[Failure, ...] = ()
    always: Failure = Failure.NONE
    seconds: float = 1.0


class ReceiverSummary(msgspec.Struct, frozen=True):
    """The counts. `accepted` and `repeated` count events, the others attempts."""

    attempts: int
    unverified: int
    accepted: int
    repeated: int
    types: dict[str, int]


class Receiver:
    """Receives POSTs. `secrets` are the valid ones; `verify` replaces its own check of the signature.

    seen: verified attempts by id, with any response. accepted: events by id that got 200.
    """

    def __init__(
        self, secrets: Sequence[str], *, verify: Verify | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.secrets = list(secrets)
        self._verify = verify or self._signed
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Forgets everything, and accepts events again."""
        self.plan = ReceiverPlan()
        self.seen: Counter[str] = Counter()
        self.accepted: dict[str, dict[str, Any]] = {}
        self.repeated = self.unverified = 0
        self.bodies: list[bytes] = []
        self._script: list[Failure] = []

    def change(self, changes: dict[str, Any]) -> ReceiverPlan:
        """Replaces the named parts of the plan. Raises FaultError."""
        try:
            self.plan = msgspec.convert({**msgspec.to_builtins(self.plan), **changes}, ReceiverPlan)
        except msgspec.ValidationError as error:
            raise FaultError(str(error)) from error
        self._script = list(self.plan.script)
        return self.plan

    def handle(self, request: Request) -> Response:
        """The response to one attempt."""
        headers, body = request.webhook, request.body
        if request.method != "POST":
            return Response(405)
        if not self._verify(headers, body):
            self.unverified += 1
            return Response(401)
        self.seen[headers[signing.ID]] += 1
        failure = self._script.pop(0) if self._script else self.plan.always
        if failure in (Failure.NONE, Failure.SLOW, Failure.ENDLESS):
            self._accept(headers[signing.ID], body)
        return self._response(failure, request)

    def summary(self) -> ReceiverSummary:
        """The counts."""
        return ReceiverSummary(
            attempts=self.seen.total(),
            unverified=self.unverified,
            accepted=len(self.accepted),
            repeated=self.repeated,
            types=dict(Counter(event["type"] for event in self.accepted.values())),
        )

    def _accept(self, id_: str, body: bytes) -> None:
        self.repeated += id_ in self.accepted
        self.bodies.append(body)
        self.accepted[id_] = msgspec.json.decode(body)

    def _signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        return any(signing.verify(secret, headers, body, now=self._clock()) for secret in self.secrets)

    def _response(self, failure: Failure, request: Request) -> Response:
        match failure:
            case Failure.NONE:
                return Response(204, b"")
            case Failure.SLOW:
                return Response(204, b"", delay=self.plan.seconds)
            case Failure.ENDLESS:
                return Response(200, b"x" * 5_000_000)
            case Failure.REDIRECT:
                return Response(307, headers=b"Location: %s\r\n" % request.path.encode())
            case Failure.UNAVAILABLE:
                return Response(503, headers=b"Retry-After: 120\r\n")
            case Failure.HANG:
                return Response(manner=Manner.HANG, delay=self.plan.seconds)
            case Failure.RESET:
                return Response(manner=Manner.RESET)
            case _:
                return Response(_STATUSES[failure])


_STATUSES = {
    Failure.SERVER_ERROR: 500,
    Failure.BAD_GATEWAY: 502,
    Failure.TOO_MANY: 429,
    Failure.REFUSED: 400,
    Failure.GONE: 410,
}
