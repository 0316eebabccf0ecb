"""Logs: one JSON object a line, for a terminal a line to read.

Every line has `ts` (UTC), `level`, `action` (a stable name of what happened), `message` and `logger`; `trace_id` and
`span_id` when it was written within a sampled span; and whatever the call gave as `extra`, flattened. Lines name a
customer's message by a keyed reference or the row's id, never a person. Secrets have no business here either: as a
safety net, what looks like one is blanked.
"""

import logging
import re
import sys
import time
from collections.abc import Iterable
from typing import IO, Any

import msgspec

from recado.telemetry import tracing

#: What a LogRecord has of its own; everything else was given as `extra`.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

#: Cheap signs that a line may hold a secret, and what a secret looks like: bearer tokens, Meta's tokens, handshakes.
_SIGNS = ("earer", "EAA", "verify_token", "access_token")
_SECRETS = re.compile(
    r"(?<=[Bb]earer )[^\s\"\\]+|\bEAA[A-Za-z0-9]{16,}|(?<=verify_token=)[^\s&\"\\]+|(?<=access_token=)[^\s&\"\\]+"
)
BLANK = "[secret]"


def configure(level: str = "info", stream: IO[str] | None = None, secrets: Iterable[str] = ()) -> None:
    """Sends all logs of `level` and above to `stream` (standard error): as JSON, or readable on a terminal.

    `secrets` are blanked wherever they appear.
    """
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter((ConsoleFormatter if stream.isatty() else JsonFormatter)(secrets))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    # Facts that no line shows cost a third of its time to gather.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # Each request of httpx would be a line, with its URL.
    for noisy in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class JsonFormatter(logging.Formatter):
    """A record as one JSON object."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = tuple(sorted((s for s in secrets if len(s) > 3), key=len, reverse=True))
        self._encode = msgspec.json.Encoder(enc_hook=str).encode
        self._second = (0, "")

    def format(self, record: logging.LogRecord) -> str:
        return self._without_secrets(self._encode(self._fields(record)).decode())

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "ts": self._timestamp(record.created),
            "level": record.levelname.lower(),
            "action": "log",
            "message": record.getMessage(),
            "logger": record.name,
        }
        if ids := tracing.current_ids():
            fields["trace_id"], fields["span_id"] = ids
        fields.update({name: value for name, value in record.__dict__.items() if name not in _OWN})
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return fields

    def _timestamp(self, created: float) -> str:
        second = int(created)
        if second != self._second[0]:
            self._second = (second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)))
        return f"{self._second[1]}.{int((created - second) * 1e6):06d}Z"

    def _without_secrets(self, line: str) -> str:
        for secret in self._secrets:
            if secret in line:
                line = line.replace(secret, BLANK)
        if any(sign in line for sign in _SIGNS):
            line = _SECRETS.sub(BLANK, line)
        return line


class ConsoleFormatter(JsonFormatter):
    """A record as a line for people: time, level, message, then the extras."""

    def format(self, record: logging.LogRecord) -> str:
        fields = self._fields(record)
        exception = fields.pop("exception", None)
        head = f"{fields.pop('ts')[11:19]} {fields.pop('level'):<8}{fields.pop('message')}"
        extras = " ".join(f"{k}={v}" for k, v in fields.items() if k != "logger" and v not in (None, ""))
        return self._without_secrets(f"{head}  {extras}" + (f"\n{exception}" if exception else ""))
