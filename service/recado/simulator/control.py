"""The simulator over HTTP, under `/_simulator`:

- GET  ``: the configuration and the counts
- POST `faults`: change parts of the fault plan, such as {"ratios": {"timeout_after": 0.1}}
- POST `messages`: customers send {"texts": ["Quiero 2 zapatos"]}, new ones or the one with the phone number or user id
  {"customer": "+15550100001"}; or they order from the sample catalogue {"count": 100, "per_second": 10, "hidden": 0}
- POST `taps`: the customer who got a message taps one of its choices, by the end of its id or by its title, once or
  {"times": 2} at the same time: {"wamid": "wamid.SIM1", "choose": "confirm"}
- POST `chats`: a new customer, or {"customer": "+15550100001"}, does one thing after the other and reads the replies:
  {"steps": [{"say": "Quiero 2 zapatos"}, {"tap": "confirm", "times": 2}]}; `Step` in chat.py has all that there is
- GET  `ledger`: the ledger's totals
- GET  `ledger/full`: its messages, ?after=0&limit=1000
- GET  `ledger/verify`: messages without exactly one reply; POST {"orders": ["7K3M9QX2TB"]}, the tokens of the quotes
  that became orders, judges these too
- POST `ledger/superseded`: messages that the reply to a later one answers: {"wamids": ["wamid.IN1"]}
- GET  `ledger/unmatched`: replies to customers who did not write through this simulator
- POST `notices`: Meta sends a notice: {"field": "account_update", "value": {"event": "ACCOUNT_VIOLATION"}}
- POST `health`: {"can_send_message": "BLOCKED"}
- POST `events`: takes an event, as a shop's CRM would
- GET  `events`: what came of them
- POST `receiver`: change parts of the plan of the receiver, such as {"script": ["server_error"], "always": "gone"}
- POST `reset`: remove messages, counts, events and faults
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta

from recado.simulator.chat import Chat, Simulated, Step, choice_of
from recado.simulator.faults import FaultError, FaultPlan, Faults
from recado.simulator.graph import Graph
from recado.simulator.ledger import Inbound, Ledger
from recado.simulator.receiver import Receiver
from recado.simulator.sender import Sender
from recado.simulator.server import Request, Response
from recado.simulator.webhooks import Person


class Simulator(Simulated, Protocol):
    """The parts of the simulator that this API reads and changes."""

    faults: Faults
    graph: Graph
    receiver: Receiver
    sender: Sender
    phone_number_id: str
    clock: Callable[[], float]

    @property
    def webhook_url(self) -> str: ...

    def begin_traffic(self, count: int, per_second: float, *, hidden: float = 0.0) -> asyncio.Task[None]: ...

    async def send_text(self, text: str, *, sender: Person | None = None) -> Inbound: ...

    def person(self, address: str) -> Person: ...

    async def notify(self, field: str, value: dict[str, Any]) -> None: ...


class _Messages(msgspec.Struct, forbid_unknown_fields=True):
    texts: list[str] = []
    customer: str = ""
    count: Annotated[int, Meta(ge=0)] = 0
    per_second: Annotated[float, Meta(gt=0)] = 10.0
    hidden: Annotated[float, Meta(ge=0, le=1)] = 0.0


class _Taps(msgspec.Struct, forbid_unknown_fields=True):
    wamid: str
    choose: str
    times: Annotated[int, Meta(ge=1, le=20)] = 1


class _Chats(msgspec.Struct, forbid_unknown_fields=True):
    steps: list[Step]
    customer: str = ""


class _Orders(msgspec.Struct, forbid_unknown_fields=True):
    orders: list[str]


class _Superseded(msgspec.Struct, forbid_unknown_fields=True):
    wamids: list[str]


class _Notice(msgspec.Struct, forbid_unknown_fields=True):
    field: str
    value: dict[str, Any]


class _Health(msgspec.Struct, forbid_unknown_fields=True):
    can_send_message: str


#: What a request can be wrong by.
_WRONG = (msgspec.DecodeError, UnicodeDecodeError, ValueError)


def control(simulator: Simulator, request: Request) -> Response | Coroutine[Any, Any, Response]:
    """The response to one request; an invalid request gets a 400 with the reason."""
    try:
        response = _control(simulator, request)
    except _WRONG as error:
        return _json({"error": str(error)}, 400)
    return response if isinstance(response, Response) else _guarded(response)


async def _guarded(coming: Coroutine[Any, Any, Response]) -> Response:
    try:
        return await coming
    except _WRONG as error:
        return _json({"error": str(error)}, 400)


def _control(simulator: Simulator, request: Request) -> Response | Coroutine[Any, Any, Response]:
    match request.method, request.path.removeprefix("/_simulator").strip("/"):
        case "GET", "":
            return _json(
                {
                    "webhook_url": simulator.webhook_url,
                    "phone_number_id": simulator.phone_number_id,
                    "faults": simulator.faults.plan,
                    "graph": dict(simulator.graph.counts),
                    "webhooks": dict(simulator.sender.counts),
                    "webhooks_pending": simulator.sender.pending,
                }
            )
        case "POST", "faults":
            simulator.faults.change(_object(request), simulator.clock())
            return _json(simulator.faults.plan)
        case "POST", ("messages" | "taps" | "chats") as path:
            if not simulator.webhook_url:
                raise ValueError("there is no webhook URL to send to")
            return _customers(simulator, path, request.body or b"{}")
        case "POST", "notices":
            return _notify(simulator, msgspec.json.decode(request.body, type=_Notice))
        case "GET", ("ledger" | "ledger/full" | "ledger/verify" | "ledger/unmatched") as path:
            return _json(_ledger(simulator.ledger, path, request))
        case "POST", ("ledger/verify" | "ledger/superseded") as path:
            return _json(_tell_ledger(simulator.ledger, path, request.body))
        case "POST", "health":
            simulator.graph.health = msgspec.json.decode(request.body, type=_Health).can_send_message
            return _json({"can_send_message": simulator.graph.health})
        case ("GET", "events") | ("POST", "receiver"):
            return _json(_receiver(simulator.receiver, request))
        case "POST", "reset":
            simulator.ledger.reset()
            simulator.receiver.reset()
            simulator.graph.counts.clear()
            simulator.sender.counts.clear()
            simulator.faults.set(FaultPlan(), simulator.clock())
            return _json({})
        case method, path:
            return _json({"error": f"there is no {method} /_simulator/{path}"}, 404)


def _customers(simulator: Simulator, path: str, body: bytes) -> Coroutine[Any, Any, Response]:
    """What customers do."""
    match path:
        case "messages":
            return _write(simulator, msgspec.json.decode(body, type=_Messages))
        case "taps":
            return _tap(simulator, msgspec.json.decode(body, type=_Taps))
        case _:
            return _play(simulator, msgspec.json.decode(body, type=_Chats))


def _receiver(receiver: Receiver, request: Request) -> object:
    """What came to the receiver, or its new plan."""
    return receiver.summary() if request.method == "GET" else receiver.change(_object(request))


def _object(request: Request) -> dict[str, Any]:
    changes = msgspec.json.decode(request.body)
    if not isinstance(changes, dict):
        raise FaultError("the plan is not an object")
    return changes


def _ledger(ledger: Ledger, path: str, request: Request) -> object:
    """The part of the ledger that a path names."""
    match path:
        case "ledger":
            return ledger.summary()
        case "ledger/full":
            asked = request.parameters()
            after, limit = int(asked.get("after", 0)), int(asked.get("limit", 1000))
            return ledger.page(max(0, after), max(1, min(limit, 10_000)))
        case "ledger/verify":
            return ledger.verify()
        case _:
            return ledger.unmatched


def _tell_ledger(ledger: Ledger, path: str, body: bytes) -> object:
    """What the ledger makes of what only the business knows."""
    if path == "ledger/verify":
        return ledger.verify(msgspec.json.decode(body, type=_Orders).orders)
    ledger.superseded(msgspec.json.decode(body, type=_Superseded).wamids)
    return ledger.summary()


async def _write(simulator: Simulator, asked: _Messages) -> Response:
    if asked.count:
        simulator.begin_traffic(asked.count, asked.per_second, hidden=asked.hidden)
        return _json({"sending": asked.count})
    sender = _known(simulator, asked.customer)
    return _json(await asyncio.gather(*(simulator.send_text(text, sender=sender) for text in asked.texts)))


async def _tap(simulator: Simulator, asked: _Taps) -> Response:
    message = simulator.ledger.sent(asked.wamid)
    chat = Chat(simulator, simulator.person(message.customer))
    return _json(await chat.tap_choice(message, choice_of(message, asked.choose), times=asked.times))


async def _play(simulator: Simulator, asked: _Chats) -> Response:
    chat = Chat(simulator, _known(simulator, asked.customer))
    return _json({"customer": chat.person.addresses[0], "lines": await chat.play(asked.steps)})


def _known(simulator: Simulator, customer: str) -> Person | None:
    """Somebody who wrote before; None if nobody is named."""
    return simulator.person(customer) if customer else None


async def _notify(simulator: Simulator, asked: _Notice) -> Response:
    await simulator.notify(asked.field, asked.value)
    return _json({})


def _json(value: object, status: int = 200) -> Response:
    return Response(status, msgspec.json.encode(value))
