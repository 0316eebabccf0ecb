"""The client of a transcriber: any service with OpenAI's `POST /v1/audio/transcriptions`. The audio is only in memory,
never in a log."""

import re
from collections.abc import Callable
from typing import Final

import httpx
import msgspec

from recado.network import BoundedClient, Cut, NotReached, RefusedAddress, Response, TooSlow
from recado.outcome import Outcome, Scope
from recado.queue.model import AttemptResult
from recado.waits import retry_after
from recado.whatsapp.errors import one_line

#: The time-out of requests without their own, such as probes.
MOST_SECONDS: Final = 15.0
PATH: Final = "/audio/transcriptions"
#: A transcript of some minutes has a few thousand letters.
MAX_RESPONSE_BYTES: Final = 64 * 1024
#: More than anybody says in a minute, and more than the reader accepts.
MOST_LETTERS: Final = 2000
#: A transcript with this many words in the prompt's order is not the customer's, unless it begins like the prompt.
FEWEST_OF_THE_PROMPT: Final = 4
_WORD: Final = re.compile(r"\w+")
_NAME: Final = "voice.ogg"
_TYPE: Final = "audio/ogg"
#: Statuses that mean that the address, the key or the model is wrong, not the file.
_MISCONFIGURED: Final = frozenset({401, 402, 403, 404, 405})


class _Transcript(msgspec.Struct):
    text: str


_transcript = msgspec.json.Decoder(_Transcript).decode


class Transcriber:
    """Calls one endpoint. prompt: likely words, which help the model. clock: Unix seconds."""

    def __init__(
        self, *, url: str, token: str, model: str, prompt: Callable[[], str], clock: Callable[[], float]
    ) -> None:
        self._url = url.rstrip("/") + PATH
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._model, self._prompt, self._clock = model, prompt, clock
        self._client = BoundedClient(seconds=MOST_SECONDS)

    async def transcribe(self, content: bytes, *, seconds: float) -> str | AttemptResult:
        """The words of a voice note ("" if there are none), or the result of a failure. It takes at most `seconds`."""
        prompt = self._prompt()
        form = httpx.Request(
            "POST",
            self._url,
            data={
                "model": self._model,
                "language": "es",
                "response_format": "json",
                "temperature": "0",
                "prompt": prompt,
            },
            files={"file": (_NAME, content, _TYPE)},
        )
        headers = {**self._headers, "Content-Type": form.headers["Content-Type"], "User-Agent": "recado"}
        try:
            response = await self._client.request(
                "POST", self._url, headers, form.read(), max_bytes=MAX_RESPONSE_BYTES, seconds=seconds
            )
        except RefusedAddress:
            return _failed("configuration", Outcome.OPERATOR, scope=Scope.NUMBER, code_class="transport")
        except TooSlow:
            return _failed("timeout", Outcome.RETRYABLE, outage=True, code_class="timeout")
        except NotReached:
            return _failed("transport", Outcome.RETRYABLE, outage=True, code_class="transport")
        heard = self._meaning(response)
        return "" if isinstance(heard, str) and _repeats(heard, prompt) else heard

    async def reachable(self) -> bool:
        """Whether its host accepts connections."""
        return await self._client.reachable(self._url)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    def _meaning(self, response: Response) -> str | AttemptResult:
        status = response.status
        code_class = f"{status // 100}xx"
        if status in _MISCONFIGURED or status // 100 == 3:
            return _failed("configuration", Outcome.OPERATOR, status, scope=Scope.NUMBER, code_class=code_class)
        if status == 429:
            asked = response.headers.get("retry-after")
            wait = retry_after(asked, self._clock()) if asked else None
            if wait is None:
                return _failed("throttled", Outcome.RETRYABLE, status, code_class=code_class)
            return _failed("throttled", Outcome.THROTTLED, status, wait=wait, scope=Scope.NUMBER, code_class=code_class)
        if status // 100 == 5:
            return _failed("server", Outcome.RETRYABLE, status, outage=True, code_class=code_class)
        if status // 100 != 2:
            return _failed("refused", Outcome.PERMANENT, status, code_class=code_class)
        if response.cut is not None:
            kind = "timeout" if response.cut is Cut.TOO_SLOW else "unreadable"
            return _failed(kind, Outcome.RETRYABLE, status, outage=True, code_class=kind)
        try:
            return one_line(_transcript(response.content).text)[:MOST_LETTERS]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _failed("unreadable", Outcome.RETRYABLE, status, outage=True, code_class="unreadable")


def _repeats(heard: str, prompt: str) -> bool:
    """Whether a transcript repeats the prompt or a part of it: models do so for a note without words, and recado would
    read it as an order."""
    said, given = (" ".join(_WORD.findall(text.lower())) for text in (heard, prompt))
    enough = 2 if given.startswith(said) else FEWEST_OF_THE_PROMPT
    return said.count(" ") + 1 >= enough and f" {said} " in f" {given} "


def _failed(
    error_class: str,
    outcome: Outcome,
    code: int | None = None,
    *,
    outage: bool = False,
    wait: float | None = None,
    scope: Scope = Scope.MESSAGE,
    code_class: str,
) -> AttemptResult:
    return AttemptResult(
        outcome=outcome,
        error_class=error_class,
        error_code=code,
        outage=outage,
        wait_seconds=wait,
        scope=scope,
        code_class=code_class,
    )
