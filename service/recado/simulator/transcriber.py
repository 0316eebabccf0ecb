"""A transcriber with OpenAI's API: returns the text of a simulated voice note, or fails by plan."""

import re
from collections import Counter
from enum import StrEnum

import msgspec

from recado.simulator.media import said_in
from recado.simulator.mishaps import Mishaps
from recado.simulator.server import Manner, Request, Response

PATH = "/v1/audio/transcriptions"
_PART = re.compile(rb'name="(\w+)"[^\r]*\r\n(?:[^\r]+\r\n)*\r\n(.*?)\r\n--', re.DOTALL)
WRONG_WORDS = "que o no se ha pato"


class TranscriberFault(StrEnum):
    """The faults of a transcriber."""

    NONE = "none"
    EMPTY = "empty"  # it hears nothing
    WRONG_WORDS = "wrong_words"
    SLOW = "slow"  # it responds after the plan's seconds
    HANG = "hang"  # closes the connection after the plan's seconds
    RESET = "reset"
    SERVER_ERROR = "server_error"
    UNREADABLE = "unreadable"  # 200, and no JSON
    ENDLESS = "endless"
    REFUSED = "refused"  # 400: it does not accept this file
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"  # no such model, or no such path
    TOO_MANY = "too_many"  # 429 with Retry-After


class Transcriber:
    """Handles requests. token: the only valid one; "" accepts any. asked: the fields of each request except the file;
    counts: requests by fault."""

    def __init__(self, token: str = "") -> None:
        self.mishaps = Mishaps(TranscriberFault)
        self.asked: list[dict[str, str]] = []
        self.counts: Counter[str] = Counter()
        self._token = token

    def handle(self, request: Request) -> Response:
        """The response to one request."""
        if request.method != "POST" or not request.content_type.startswith(b"multipart/form-data"):
            return _refused(400)
        if self._token and request.authorization != f"Bearer {self._token}".encode():
            return _refused(401)
        parts = {name.decode(): value for name, value in _PART.findall(request.body)}
        try:
            said = said_in(parts.pop("file", b""))
        except ValueError:
            return _refused(400)
        self.asked.append({name: value.decode() for name, value in parts.items()})
        fault = self.mishaps.draw()
        self.counts[fault] += 1
        return self._response(fault, said)

    def _response(self, fault: TranscriberFault, said: str) -> Response:
        seconds = self.mishaps.plan.seconds
        match fault:
            case TranscriberFault.NONE:
                return _heard(said)
            case TranscriberFault.EMPTY:
                return _heard("")
            case TranscriberFault.WRONG_WORDS:
                return _heard(WRONG_WORDS)
            case TranscriberFault.SLOW:
                return _heard(said)._replace(delay=seconds)
            case TranscriberFault.HANG:
                return Response(manner=Manner.HANG, delay=seconds)
            case TranscriberFault.RESET:
                return Response(manner=Manner.RESET)
            case TranscriberFault.UNREADABLE:
                return Response(200, b"<html>")
            case TranscriberFault.ENDLESS:
                return Response(200, b'{"text":"' + b"x" * 1_000_000)
            case TranscriberFault.TOO_MANY:
                return Response(429, headers=b"Retry-After: 3\r\n")
            case _:
                return _refused(_STATUSES[fault])


_STATUSES = {
    TranscriberFault.SERVER_ERROR: 500,
    TranscriberFault.REFUSED: 400,
    TranscriberFault.UNAUTHORIZED: 401,
    TranscriberFault.NOT_FOUND: 404,
}


def _heard(text: str) -> Response:
    return Response(200, msgspec.json.encode({"text": text}))


def _refused(status: int) -> Response:
    return Response(status, b'{"error":{"message":"no"}}')
