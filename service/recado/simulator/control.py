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
- POST `templates`: adds or changes a template of the account, and Meta sends its webhook: {"name":
  "recado_cotizacion_lista", "status": "PAUSED"}; GET: all of them
- POST `health`: {"can_send_message": "BLOCKED"}
- POST `events`: receives an event, as a shop's CRM would
- GET  `events`: what came of them
- POST `receiver`: change parts of the plan of the receiver, such as {"script": ["server_error"], "always": "gone"}
- POST `media`: change parts of the plan of customers' files, such as {"script": ["wrong_hash"]}
- POST `transcriber`: the same for the transcriber of voice notes, such as {"always": "server_error"}
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
from recado.simulator.ledger import LedgerMessage
from recado.simulator.receiver import Receiver
from recado.simulator.sender import Sender
from recado.simulator.server import Request, Response
from recado.simulator.templates import Definition
from recado.simulator.transcriber import Transcriber
from recado.simulator.webhooks import Person


class Controlled(Simulated, Protocol):
    """The parts of the simulator that this API reads and changes."""

    faults: Faults
    graph: Graph
    receiver: Receiver
    transcriber: Transcriber
    sender: Sender
    phone_number_id: str
    clock: Callable[[], float]

    @property
    def webhook_url(self) -> str: ...

    def begin_traffic(self, count: int, per_second: float, *, hidden: float = 0.0) -> asyncio.Task[None]: ...

    async def send_text(self, text: str, *, sender: Person | None = None) -> LedgerMessage: ...

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


class _Sending(msgspec.Struct, forbid_unknown_fields=True):
    can_send_message: str


Coming = Response | Coroutine[Any, Any, Response]

#: The errors that an invalid request causes.
_WRONG = (msgspec.DecodeError, UnicodeDecodeError, ValueError)


def control(simulator: Controlled, request: Request) -> Coming:
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


def _control(simulator: Controlled, request: Request) -> Coming:
    path = request.path.removeprefix("/_simulator").strip("/")
    route = _ROUTES.get((request.method, path))
    if route is None:
        return _json({"error": f"there is no {request.method} /_simulator/{path}"}, 404)
    return route(simulator, request)


def _state(simulator: Controlled, request: Request) -> Response:
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


def _faults(simulator: Controlled, request: Request) -> Response:
    simulator.faults.change(_object(request), simulator.clock())
    return _json(simulator.faults.plan)


def _object(request: Request) -> dict[str, Any]:
    changes = msgspec.json.decode(request.body)
    if not isinstance(changes, dict):
        raise FaultError("the plan is not an object")
    return changes


def _health(simulator: Controlled, request: Request) -> Response:
    simulator.graph.health = msgspec.json.decode(request.body, type=_Sending).can_send_message
    return _json({"can_send_message": simulator.graph.health})


def _reset(simulator: Controlled, request: Request) -> Response:
    simulator.ledger.reset()
    simulator.receiver.reset()
    simulator.graph.templates.reset()
    simulator.media.mishaps.reset()
    simulator.transcriber.mishaps.reset()
    simulator.graph.counts.clear()
    simulator.sender.counts.clear()
    simulator.faults.set(FaultPlan(), simulator.clock())
    return _json({})


# -- what customers do, and what Meta tells


async def _write(simulator: Controlled, request: Request) -> Response:
    asked = msgspec.json.decode(request.body or b"{}", type=_Messages)
    if asked.count:
        _check_webhook(simulator)
        simulator.begin_traffic(asked.count, asked.per_second, hidden=asked.hidden)
        return _json({"sending": asked.count})
    sender = _known(simulator, asked.customer)
    return _json(await asyncio.gather(*(simulator.send_text(text, sender=sender) for text in asked.texts)))


async def _tap(simulator: Controlled, request: Request) -> Response:
    asked = msgspec.json.decode(request.body, type=_Taps)
    message = simulator.ledger.sent(asked.wamid)
    chat = Chat(simulator, simulator.person(message.customer))
    return _json(await chat.tap_choice(message, choice_of(message, asked.choose), times=asked.times))


async def _play(simulator: Controlled, request: Request) -> Response:
    asked = msgspec.json.decode(request.body, type=_Chats)
    chat = Chat(simulator, _known(simulator, asked.customer))
    return _json({"customer": chat.person.addresses[0], "lines": await chat.play(asked.steps)})


async def _template(simulator: Controlled, request: Request) -> Response:
    """Changes the fields that are given, and sends Meta's webhook of the template's state."""
    changes = _object(request)
    name, language = str(changes.get("name", "")), str(changes.get("language", "es"))
    templates = simulator.graph.templates
    try:
        before = msgspec.to_builtins(templates.get(name, language))
    except ValueError:
        before = {"name": name, "language": language}
    definition = msgspec.convert({**before, **changes}, Definition)
    templates.put(definition)
    if simulator.webhook_url:
        about = {"message_template_id": 1, "message_template_name": name, "message_template_language": language}
        await simulator.notify(
            "message_template_status_update", {"event": definition.status, **about, "reason": "NONE"}
        )
    return _json(definition)


async def _notify(simulator: Controlled, request: Request) -> Response:
    asked = msgspec.json.decode(request.body, type=_Notice)
    await simulator.notify(asked.field, asked.value)
    return _json({})


def _check_webhook(simulator: Controlled) -> None:
    if not simulator.webhook_url:
        raise ValueError("there is no webhook URL to send to")


def _known(simulator: Controlled, customer: str) -> Person | None:
    """A customer who has written before; None if the request names none."""
    return simulator.person(customer) if customer else None


# -- the ledger


def _page(simulator: Controlled, request: Request) -> Response:
    asked = request.parameters()
    after, limit = int(asked.get("after", 0)), int(asked.get("limit", 1000))
    return _json(simulator.ledger.page(max(0, after), max(1, min(limit, 10_000))))


def _judge(simulator: Controlled, request: Request) -> Response:
    return _json(simulator.ledger.verify(msgspec.json.decode(request.body, type=_Orders).orders))


def _supersede(simulator: Controlled, request: Request) -> Response:
    simulator.ledger.superseded(msgspec.json.decode(request.body, type=_Superseded).wamids)
    return _json(simulator.ledger.summary())


def _json(value: object, status: int = 200) -> Response:
    return Response(status, msgspec.json.encode(value))


_ROUTES: dict[tuple[str, str], Callable[[Controlled, Request], Coming]] = {
    ("GET", ""): _state,
    ("POST", "faults"): _faults,
    ("POST", "messages"): _write,
    ("POST", "taps"): _tap,
    ("POST", "chats"): _play,
    ("POST", "notices"): _notify,
    ("GET", "ledger"): lambda simulator, _: _json(simulator.ledger.summary()),
    ("GET", "ledger/full"): _page,
    ("GET", "ledger/verify"): lambda simulator, _: _json(simulator.ledger.verify()),
    ("POST", "ledger/verify"): _judge,
    ("POST", "ledger/superseded"): _supersede,
    ("GET", "ledger/unmatched"): lambda simulator, _: _json(simulator.ledger.unmatched),
    ("POST", "templates"): _template,
    ("GET", "templates"): lambda simulator, _: _json(simulator.graph.templates.page(0, 1000)["data"]),
    ("POST", "health"): _health,
    ("GET", "events"): lambda simulator, _: _json(simulator.receiver.summary()),
    ("POST", "receiver"): lambda simulator, request: _json(simulator.receiver.change(_object(request))),
    ("POST", "media"): lambda simulator, request: _json(simulator.media.mishaps.change(_object(request))),
    ("POST", "transcriber"): lambda simulator, request: _json(simulator.transcriber.mishaps.change(_object(request))),
    ("POST", "reset"): _reset,
}
