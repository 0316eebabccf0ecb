"""Logs: one JSON object a line, or a readable line on a terminal.

Every line has `ts` (UTC), `level`, `action` (a stable name of what happened), `message` and `logger`; `trace_id` and
`span_id` if it was written within a sampled span; and the fields of the call's `extra`. Lines identify a customer's
message by a keyed reference or the row's id, and never identify a person. No code logs a secret; as a safety net,
anything that looks like one is masked. Control characters are escaped.
"""

import logging
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from typing import IO, Any

import msgspec

from recado.telemetry import tracing
from recado.terminal import visible

#: A LogRecord's own attributes; all others come from `extra`.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

#: Cheap signs that a line may contain a secret, and the patterns of secrets: bearer tokens, Meta's tokens, handshakes,
#: users and passwords in addresses.
_SIGNS = ("earer", "EAA", "verify_token", "access_token", "://")
_SECRETS = re.compile(
    r"(?<=[Bb]earer )[^\s\"\\]+|\bEAA[A-Za-z0-9]{16,}|(?<=verify_token=)[^\s&\"\\]+|(?<=access_token=)[^\s&\"\\]+"
    r"|(?<=://)[^\s/@\"\\]+(?=@)"
)
BLANK = "[secret]"


def configure(level: str = "info", stream: IO[str] | None = None, secrets: Iterable[str] = ()) -> None:
    """Sends all logs of `level` and above to `stream` (standard error): as JSON, or readable on a terminal.

    `secrets` are masked wherever they appear.
    """
    global _direct
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    formatter = (ConsoleFormatter if stream.isatty() else JsonFormatter)(secrets)
    handler.setFormatter(formatter)
    _direct = _straight_to(stream, formatter)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    # Collecting these fields, which no line shows, takes a third of a line's time.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # Otherwise httpx would log a line for each request, with its URL.
    for noisy in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


#: Writes an INFO line without a LogRecord; None before `configure`.
_direct: Callable[[str, str, str, dict[str, Any]], None] | None = None


def wide(log: logging.Logger, action: str, message: str, fields: dict[str, Any], level: int = logging.INFO) -> None:
    """Logs the one line of a unit of work, as `log.log(level, message, extra={"action": action, **fields})` does.

    Each message writes two INFO lines. They skip the LogRecord, so a line takes 33 thousand instructions instead of
    125, which saves a tenth of a message. Warnings use the usual way, through the handlers that count them. Both lines
    are made by `JsonFormatter.line`.
    """
    if level == logging.INFO and _direct is not None:
        if log.isEnabledFor(level):
            _direct(log.name, action, message, fields)
    else:
        log.log(level, message, extra={"action": action, **fields})


def _straight_to(stream: IO[str], formatter: "JsonFormatter") -> Callable[[str, str, str, dict[str, Any]], None]:
    def write(logger: str, action: str, message: str, fields: dict[str, Any]) -> None:
        try:
            stream.write(formatter.line(time.time(), "info", action, message, logger, fields) + "\n")
            stream.flush()
        except (OSError, ValueError):  # a full disk or a closed pipe must not stop the work
            pass

    return write


def defect_fields(error: BaseException) -> dict[str, str]:
    """The fields about a bug: the exception's class and frames. Its message is left out, because it may quote a
    customer or Meta."""
    return {"error_class": type(error).__name__, "exception": "".join(traceback.format_tb(error.__traceback__))}


class JsonFormatter(logging.Formatter):
    """A record as one JSON object."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = tuple(sorted((s for s in secrets if len(s) > 3), key=len, reverse=True))
        self._encode = msgspec.json.Encoder(enc_hook=str).encode
        self._second = (0, "")

    def format(self, record: logging.LogRecord) -> str:
        fields = {name: value for name, value in record.__dict__.items() if name not in _OWN}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        action = fields.pop("action", "log")
        return self.line(record.created, record.levelname.lower(), action, record.getMessage(), record.name, fields)

    def line(self, created: float, level: str, action: str, message: str, logger: str, fields: dict[str, Any]) -> str:
        """The line for an event at a time (Unix seconds); `fields` are its extras."""
        ts = self._timestamp(created)
        line = {"ts": ts, "level": level, "action": action, "message": message, "logger": logger, **fields}
        if ids := tracing.current_ids():
            line["trace_id"], line["span_id"] = ids
        text = self._masked(self._encode(line).decode())
        # JSON escapes the control characters below the space; the only other one in ASCII is DEL.
        return text if text.isascii() and "\x7f" not in text else visible(text)

    def _timestamp(self, created: float) -> str:
        second = int(created)
        if second != self._second[0]:
            self._second = (second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)))
        return f"{self._second[1]}.{int((created - second) * 1e6):06d}Z"

    def _masked(self, line: str) -> str:
        """The line without secrets."""
        for secret in self._secrets:
            if secret in line:
                line = line.replace(secret, BLANK)
        for sign in _SIGNS:
            if sign in line:
                return _SECRETS.sub(BLANK, line)
        return line


class ConsoleFormatter(JsonFormatter):
    """A record as a line for people: time, level, message, then the extras."""

    def line(self, created: float, level: str, action: str, message: str, logger: str, fields: dict[str, Any]) -> str:
        exception = fields.get("exception")
        shown = {"action": action, **fields}
        extras = " ".join(f"{k}={v}" for k, v in shown.items() if k != "exception" and v not in (None, ""))
        # Other people's text must not look like a separate line.
        line = f"{self._timestamp(created)[11:19]} {level:<8}{message}  {extras}".replace("\n", "\\n")
        return visible(self._masked(line + (f"\n{exception}" if exception else "")))
