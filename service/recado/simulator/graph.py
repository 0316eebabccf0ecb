"""The parts of the Graph API that recado uses, with Meta's shapes of success and error.

`POST /{version}/{number}/messages` (texts, buttons and lists, templates, other types, read receipts), `/media` (upload,
look up, download, delete), `GET /{version}/{number}?fields=health_status`, `/{version}/{account}/subscribed_apps` and
`/{version}/{account}/message_templates`.
"""

import itertools
import re
import time
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

import msgspec

from recado.simulator.faults import ACCEPTING, Fault, FaultKind, Faults
from recado.simulator.interactive import Interactive, Tappable, refusal_of
from recado.simulator.limits import PairLimit, Throughput
from recado.simulator.media import MediaStore
from recado.simulator.server import Manner, Request, Response
from recado.simulator.templates import Template, Templates

_PHONE = re.compile(r"\+[0-9]{5,20}")
_USER_ID = re.compile(r"[A-Za-z][!-~]{0,255}")
_ID = re.compile(r"[0-9]{1,20}")
_FILE = re.compile(rb'name="file".*?\r\n\r\n(.*?)\r\n--', re.DOTALL)
_FILE_TYPE = re.compile(rb'name="file".*?\r\nContent-Type: ([!-~]+)\r\n', re.DOTALL)
_MOST_CHARACTERS = 4096
_MOST_CALLBACK = 512
_EDGE_HTML = b"<!DOCTYPE html><html><head><title>Error</title></head><body>Sorry, something went wrong.</body></html>"
_NO_SUCH_OBJECT = (
    "Unsupported request. Object with this ID does not exist, cannot be loaded due to missing permissions, or does not "
    "support this operation."
)
_SUCCESS = b'{"success":true}'

#: HTTP statuses of codes whose status is not 400.
_STATUSES = {0: 401, 190: 401, 2: 503, 133004: 503, 132001: 404} | dict.fromkeys(
    (3, 131000, 131016, 131045, 131057, 133000), 500
)
_STATUSES |= dict.fromkeys((10, 368, 130497, 131005, 131031, *range(200, 300)), 403)
_TITLES = {
    2: "Service temporarily unavailable",
    100: "Invalid parameter",
    190: "Error validating access token: Session has expired",
    130429: "Rate limit hit",
    131000: "Something went wrong",
    131016: "Service unavailable",
    131026: "Message undeliverable",
    131042: "Business eligibility payment issue",
    131047: "Re-engagement message",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
    131057: "Account in maintenance mode",
}


class Accepted(msgspec.Struct, frozen=True):
    """A message that will reach its customer, or fail later with `failure`, a code of Meta.

    kind: text, button, list, template or any other type. choices: its buttons, or the rows of its list. category: of
    Direct Send; "" if the message has none.
    """

    wamid: str
    customer: str
    phone_number_id: str
    text: str
    at: float
    callback: str | None = None
    quoting: str | None = None
    failure: int = 0
    kind: str = "text"
    choices: tuple[Tappable, ...] = ()
    category: str = ""


class _Body(msgspec.Struct):
    body: str = ""


class _Context(msgspec.Struct):
    message_id: str


class _Post(msgspec.Struct):
    messaging_product: str = ""
    recipient_type: str = "individual"
    to: str | None = None
    recipient: str | None = None
    type: str = "text"
    text: _Body | None = None
    interactive: Interactive | None = None
    template: Template | None = None
    category: str = ""
    context: _Context | None = None
    biz_opaque_callback_data: str | None = None
    status: str | None = None
    message_id: str | None = None

    @property
    def says(self) -> str:
        """The text that the customer reads."""
        if self.interactive:
            return self.interactive.body.text
        return self.text.body if self.text else ""


_post = msgspec.json.Decoder(_Post).decode


class Graph:
    """Handles Graph API requests; `on_accepted` gets every accepted message before the response is sent.

    access_token: the only valid one; "" accepts any. phone_number_ids: the existing numbers; empty accepts any.
        window_open: whether a customer's window is open; None does not check it.
    """

    def __init__(
        self,
        on_accepted: Callable[[Accepted], None],
        *,
        faults: Faults,
        media: MediaStore,
        throughput: Throughput,
        pair_limit: PairLimit,
        access_token: str = "",
        phone_number_ids: Collection[str] = (),
        window_open: Callable[[str], bool] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.faults = faults
        self.media = media
        self.health = "AVAILABLE"
        self.templates = Templates()
        #: Whether the account may use Direct Send.
        self.direct_send = False
        self._on_accepted = on_accepted
        self._throughput, self._pair_limit = throughput, pair_limit
        self._authorization = f"Bearer {access_token}".encode() if access_token else None
        self._numbers = frozenset(phone_number_ids)
        self._window_open = window_open
        self._clock = clock
        self._ids = itertools.count(1)
        # Two simulators in a row must not give the same wamid to different messages.
        self._run = f"{time.time_ns() // 1_000_000:X}"

    def handle(self, request: Request) -> Response:
        """The response to one request."""
        self.counts["calls"] += 1
        response = self._respond(request)
        return response._replace(delay=response.delay + self.faults.latency())

    def _respond(self, request: Request) -> Response:
        parts = request.path.strip("/").split("/")
        if refused := self._unauthorized(request.authorization):
            return refused
        if parts[0] == "_media" and len(parts) == 2:
            return self.media.download(parts[1])
        if len(parts) == 3 and parts[2] == "messages" and request.method == "POST":
            return self._messages(parts[1], request.body)
        if (outage := self.faults.outage(self._clock())) is not None:
            return self._faulty(outage)
        if len(parts) == 3 and parts[2] == "media" and request.method == "POST":
            return self._upload(request)
        if len(parts) == 3 and parts[2] == "message_templates" and request.method == "GET":
            asked = request.parameters()
            return _json(self.templates.page(int(asked.get("after") or 0), int(asked.get("limit") or 25)))
        if len(parts) == 3 and parts[2] == "subscribed_apps":
            return _json({"data": []}) if request.method == "GET" else Response(body=_SUCCESS)
        if len(parts) == 2 and _ID.fullmatch(parts[1]):
            fault = self.faults.draw_without_message(self._clock())
            response = self._object(parts[1], request)
            return response if fault.kind in (FaultKind.OK, FaultKind.FAILED) else self._faulty(fault, response)
        return error(2500, f"Unknown path components: /{'/'.join(parts[1:])}")

    def _unauthorized(self, authorization: bytes) -> Response | None:
        if not authorization.startswith(b"Bearer ") or len(authorization) == len(b"Bearer "):
            return self._refuse(104, "An access token is required to request this resource.")
        if self._authorization is not None and authorization != self._authorization:
            return self._refuse(190, "Invalid OAuth access token - Cannot parse access token")
        return None

    def _messages(self, number: str, body: bytes) -> Response:
        if not _ID.fullmatch(number) or (self._numbers and number not in self._numbers):
            self.counts["refused:100"] += 1
            return error(100, subcode=33)
        try:
            post = _post(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            return self._refuse(100, f"Invalid parameter: {problem}")
        if post.messaging_product != "whatsapp":
            return self._refuse(100, "The parameter messaging_product is required.")
        if post.status == "read":
            return self._read_receipt(post)
        return self._problem_of(post) or self._message(number, post)

    def _problem_of(self, post: _Post) -> Response | None:
        """The error that Meta would return for the parameters."""
        # If both are given, the phone number counts.
        if post.to is not None:
            if not _PHONE.fullmatch(post.to):
                return self._refuse(131009, "Parameter value is not valid", "`to` is no phone number behind a `+`.")
        elif post.recipient is None:
            return self._refuse(131008, "Required parameter is missing", "`to` or `recipient` is required.")
        elif not _USER_ID.fullmatch(post.recipient):
            return self._refuse(131009, "Parameter value is not valid", "`recipient` is not a user id.")
        if post.recipient_type != "individual":
            return self._refuse(131009, "Parameter value is not valid", "recipient_type")
        if wrong := self._problem_of_content(post):
            return wrong
        if len(post.biz_opaque_callback_data or "") > _MOST_CALLBACK:
            return self._refuse(
                100, f"Param biz_opaque_callback_data must be at most {_MOST_CALLBACK} characters long."
            )
        if post.context and not post.context.message_id.startswith("wamid."):
            return self._refuse(131009, "Parameter value is not valid", "context.message_id is not a message id.")
        return None

    def _problem_of_content(self, post: _Post) -> Response | None:
        """The error that Meta would return for what the message says."""
        if post.type == "text":
            text = post.text.body if post.text else ""
            if not text.strip():
                return self._refuse(131008, "Required parameter is missing", "text.body is required.")
            if len(text) > _MOST_CHARACTERS:
                return self._refuse(100, f"Param text['body'] must be at most {_MOST_CHARACTERS} characters long.")
        if post.type == "interactive" and (refusal := refusal_of(post.interactive)):
            return self._refuse(refusal.code, refusal.message, refusal.details)
        if post.type == "template" and (refusal := self.templates.refusal(post.template)):
            return self._refuse(refusal.code, refusal.message, refusal.details)
        if post.category and not self.direct_send:
            return self._refuse(100, "Invalid parameter: category", "The account cannot use Direct Send.")
        return None

    def _read_receipt(self, post: _Post) -> Response:
        if (outage := self.faults.outage(self._clock())) is not None:
            return self._faulty(outage)
        if not (post.message_id or "").startswith("wamid."):
            return self._refuse(131009, "Parameter value is not valid", "message_id is not a message id.")
        self.counts["read_receipts"] += 1
        return Response(body=_SUCCESS)

    def _message(self, number: str, post: _Post) -> Response:
        customer = post.to or post.recipient or ""
        now = self._clock()
        fault = self.faults.draw(customer, now, interactive=post.interactive is not None)
        if fault.kind not in ACCEPTING:
            return self._faulty(fault)
        free = post.type != "template" and not post.category
        if free and self._window_open is not None and not self._window_open(customer):
            return self._refuse(131047, _TITLES[131047], "More than 24 hours have passed since the last message.")
        if not self._throughput.allows(now):
            return self._refuse(130429, _TITLES[130429], "Cloud API message throughput has been reached.")
        if not self._pair_limit.allows(customer, now):
            return self._refuse(131056, _TITLES[131056], "Too many messages to the same customer in a short time.")
        wamid = f"wamid.SIM{self._run}{next(self._ids):08X}"
        self.counts["accepted"] += 1
        self._on_accepted(
            Accepted(
                wamid,
                customer,
                number,
                self.templates.says(post.template) if post.template else post.says,
                now,
                post.biz_opaque_callback_data,
                post.context.message_id if post.context else None,
                fault.code if fault.kind is FaultKind.FAILED else 0,
                post.interactive.type if post.interactive else post.type,
                self._choices(post),
                post.category,
            )
        )
        contact = {"input": customer, ("wa_id" if post.to else "user_id"): customer.lstrip("+")}
        response = _json({"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": wamid}]})
        return response if fault.kind in (FaultKind.OK, FaultKind.FAILED) else self._faulty(fault, response)

    def _choices(self, post: _Post) -> tuple[Tappable, ...]:
        """What the customer can tap."""
        if post.template:
            return self.templates.choices(post.template)
        return post.interactive.choices if post.interactive else ()

    def _faulty(self, fault: Fault, response: Response | None = None) -> Response:
        """The response to a call with a fault; `answer` is the response without it."""
        self.counts[f"fault:{fault.kind}"] += 1
        if fault.kind is FaultKind.CODE:
            return error(fault.code, subcode=fault.subcode)
        if fault.kind is FaultKind.SERVER_ERROR:
            return error(131016, details="This service is temporarily unavailable.")
        if fault.kind in (FaultKind.RESET, FaultKind.RESET_AFTER):
            return Response(manner=Manner.RESET)
        if fault.kind in (FaultKind.TIMEOUT, FaultKind.TIMEOUT_AFTER):
            return Response(manner=Manner.HANG, delay=self.faults.plan.hang_seconds)
        if fault.kind is FaultKind.DRIP and response is not None:
            return response._replace(manner=Manner.DRIP)
        if fault.kind is FaultKind.GARBAGE:
            return Response(body=b'{"messaging_product":"whatsapp","contacts":[{"inp')
        status = {FaultKind.EDGE_ERROR: 502, FaultKind.EDGE_ERROR_AFTER: 504, FaultKind.THROTTLED: 429}[fault.kind]
        return Response(status, _EDGE_HTML, b"text/html; charset=utf-8")

    def _refuse(self, code: int, message: str, details: str | None = None) -> Response:
        self.counts[f"refused:{code}"] += 1
        return error(code, message, details)

    def _object(self, id_: str, request: Request) -> Response:
        if id_ in self.media and request.method == "DELETE":
            self.media.delete(id_)
            return Response(body=_SUCCESS)
        if id_ in self.media and (described := self.media.describe(id_)):
            return _json(described)
        if request.method != "GET" or id_ in self.media or (self._numbers and id_ not in self._numbers):
            self.counts["refused:100"] += 1
            return error(100, subcode=33)
        if request.parameters().get("fields") != "health_status":
            return _json({"id": id_, "verified_name": "Simulator", "quality_rating": "GREEN"})
        entity: dict[str, Any] = {"entity_type": "PHONE_NUMBER", "id": id_, "can_send_message": self.health}
        if self.health != "AVAILABLE":
            entity["errors"] = [{"error_code": 141006, "error_description": "There is an error with the payment."}]
        return _json({"health_status": {"can_send_message": self.health, "entities": [entity]}, "id": id_})

    def _upload(self, request: Request) -> Response:
        found = _FILE.search(request.body)
        if not request.content_type.startswith(b"multipart/form-data") or not found:
            return self._refuse(100, "(#100) The parameter file is required.")
        type_ = _FILE_TYPE.search(request.body)
        kind = type_.group(1).decode("latin-1") if type_ else "application/octet-stream"
        return _json({"id": self.media.put(found.group(1), kind)["id"]})


def error(code: int, message: str | None = None, details: str | None = None, subcode: int = 0) -> Response:
    """Graph's error object, with the HTTP status that goes with the code."""
    message = message or _TITLES.get(code, "An error occurred")
    if not message.startswith("(#"):
        message = f"(#{code}) {message}"
    body: dict[str, Any] = {
        "message": message,
        "type": "OAuthException",
        "code": code,
        "fbtrace_id": "ASimulatedTrace0",
    }
    if subcode:
        body["error_subcode"] = subcode
    if (code, subcode) == (100, 33):
        body |= {"message": _NO_SUCH_OBJECT, "type": "GraphMethodException"}
    if details:
        body["error_data"] = {"messaging_product": "whatsapp", "details": details}
    return _json({"error": body}, _STATUSES.get(code, 400))


def title(code: int) -> str:
    """Meta's name of an error."""
    return _TITLES.get(code, "An error occurred")


def _json(value: object, status: int = 200) -> Response:
    return Response(status, msgspec.json.encode(value))
